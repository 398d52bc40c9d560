import { afterEach, describe, expect, it } from 'vitest';
import type { Notice } from '#contract/notices/notice.ts';
import type { Candidate } from '#contract/runtime.ts';
import { language } from '../state/language.svelte.ts';
import { noticeText } from './notice.ts';

const card: Candidate = { provider: 'webgpu', index: 0, device: 'Card', precision: 'f16' };
const eight: Candidate = { provider: 'cpu', index: 0, device: 'Ryzen', precision: 'int8' };

const tooSmall: Notice = {
  ...{ code: 'device-too-small', from: card, to: eight, source: 'nvidia-smi' },
  ...{ neededBytes: 3.42e9, freeBytes: 512e6 },
};

afterEach(() => {
  language.set(null);
});

describe('what a job had to tell', () => {
  it('is said in the language on screen, and its places and sizes too', () => {
    language.set('ko');
    expect(noticeText(tooSmall)).toBe(
      'WebGPU · float16 (Card): 이 그림을 만들기에는 작은 장치입니다. 한 부분씩 불러와도 적어도 3.4 GB가 필요한데 512 MB 남아 있습니다(nvidia-smi). 그림은 대신 CPU · 8비트 (Ryzen)에서 만듭니다.',
    );
    language.set('en');
    expect(noticeText(tooSmall)).toMatch(
      /^WebGPU · float16 \(Card\) is too small: .* CPU · 8-bit \(Ryzen\) instead\.$/,
    );
  });

  it('says why a device is not there as Settings say it', () => {
    language.set('ko');
    const hidden: Notice = {
      ...{ code: 'provider-unavailable', provider: 'cuda', problem: 'hidden' },
      reason: 'CUDA_VISIBLE_DEVICES is "", which shows none of 2.',
    };
    expect(noticeText(hidden)).toBe(
      '고른 CUDA 장치를 쓸 수 없습니다: CUDA_VISIBLE_DEVICES가 모든 카드를 숨김. 그림은 CPU에서 만듭니다.',
    );
  });

  it('is left as it was written in rows from before there were codes', () => {
    language.set('ko');
    expect(noticeText('Card could not go on.')).toBe('Card could not go on.');
  });
});
