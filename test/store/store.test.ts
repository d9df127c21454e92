import t from 'tap';
import { createMemoryStore } from '../support/memory-store.js';
import { storeContract } from '../support/store-contract.js';

storeContract(t, { openEmpty: () => Promise.resolve(createMemoryStore()) });
