console.log(`main of ${process.env.INPUT_NAME}, ${process.env.STATE_before}`);
require('fs').appendFileSync(process.env.GITHUB_STATE, `main=ran\n`);
