import { chromium } from '@playwright/test';
import { measureAnswers } from './answers.ts';
const browser = await chromium.launch({ executablePath: '/usr/bin/chromium', args: ['--no-sandbox','--disable-gpu'] });
const keep = setInterval(() => undefined, 1000);
try { console.log(await measureAnswers(browser)); } catch (e) { console.log('ERR', e); } finally { clearInterval(keep); await browser.close(); }
