#!/usr/bin/env node
import { startProcess } from './process.ts';

await startProcess();
