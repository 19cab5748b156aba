import { jobsHere } from '../../../src/clearing/jobs.ts';

describe('jobs in this process', () => {
  it('answer in the order of the inputs, and never run more at once than agreed', async () => {
    let [running, most] = [0, 0];
    const answers = await jobsHere(3).run('double', [5, 4, 3, 2, 1, 0], async (input) => {
      running++;
      most = Math.max(most, running);
      for (let turn = 0; turn < input; turn++) await Promise.resolve();
      running--;
      return input * 2;
    });
    expect(answers).toEqual([10, 8, 6, 4, 2, 0]);
    expect(most).toBe(3);
  });

  it('begin nothing new after a failure, and end what is under way before they say so', async () => {
    const ended: number[] = [];
    const run = jobsHere(2).run('fail', [0, 1, 2, 3], async (input) => {
      if (input === 0) throw new Error('no');
      await Promise.resolve();
      ended.push(input);
    });
    await expect(run).rejects.toThrow('no');
    expect(ended).toEqual([1]);
  });
});
