#!/usr/bin/env node
import { startProcess } from './process.ts';

// `mackerel-plugin-smartmeter`
await startProcess(['mackerel']);
