console.log(`post of ${process.env.INPUT_NAME}, ${process.env.STATE_before}, main ${process.env.STATE_main}`);
