export * from '../../src/contract/sequence-document';
