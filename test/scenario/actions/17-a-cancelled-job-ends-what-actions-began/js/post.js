console.log('post after a cancel');
