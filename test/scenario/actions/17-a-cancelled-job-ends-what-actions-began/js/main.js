require('fs').writeFileSync(`${process.env.INPUT_SCRATCH}/begun`, '');
setTimeout(() => {}, 60_000);
