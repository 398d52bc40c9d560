export type DropKind = 'picture' | 'tessera' | 'model' | 'other';

export function dropKind(fileName: string): DropKind {
  const extension = fileName.toLowerCase().split('.').at(-1);
  if (extension === 'png') return 'picture';
  if (extension === 'tessera') return 'tessera';
  // .ckpt goes on too: the studio says why it does not open pickles.
  return extension === 'safetensors' || extension === 'ckpt' ? 'model' : 'other';
}
