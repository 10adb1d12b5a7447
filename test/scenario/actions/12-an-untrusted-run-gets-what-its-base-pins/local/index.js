console.log('local', process.env.HOME.includes('tmp'));
