const { appendFileSync } = require('fs');
const { INPUT_NAME: name } = process.env;
console.log(`main of ${name} ${JSON.stringify(process.env['INPUT_SOME_INPUT'])} ${JSON.stringify(process.env.STATE_pre)}`);
appendFileSync(process.env.GITHUB_STATE, `who=${name}\n`);
appendFileSync(process.env.GITHUB_OUTPUT, 'made=this\n');
if (process.env.INPUT_FAIL === 'yes') process.exit(2);
