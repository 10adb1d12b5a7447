console.log('a folder of it');
