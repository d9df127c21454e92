import t from 'tap';
import { createNodeFront } from '../../src/http/node-front.js';
import { frontContract } from '../support/front-contract.js';

frontContract(t, createNodeFront, 'node');
