console.log('post after a kill:', process.env.STATE_word);
