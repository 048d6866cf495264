import type { ClientJudge } from '../context.js';

/** A bot that said what is none of its words: what it did not say then proves nothing. */
export const judgeWords: ClientJudge = ({ facts, findings }) => ({
  onSettled: () => {
    const { fault } = facts.words;
    if (fault !== undefined) findings.leaveOpenFirst('bad-word', `the bot said ${fault}`);
  },
});
