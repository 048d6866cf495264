export { AccountPool, type Lease } from './account-pool.js';
export { checkAccounts, whyNotWithAccounts } from './assignment.js';
