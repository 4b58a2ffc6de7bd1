import { wireEvents } from '../new-event';
import { causedTogether, currentContext, withCause, withContext, within } from './event-context';

const TRACE = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';

const cause = { eventId: 'cause', correlationId: 'operation', causedBy: 'ada', traceParent: TRACE };

/** What an event takes that says nothing itself but what a test has it say. */
const taken = (said: object = {}) => {
  const [event] = wireEvents([{ type: 't', eventSourceId: 's', content: {}, ...said }], currentContext());
  const { correlationId, causationId, causedBy, traceParent } = event ?? {};
  return { correlationId, causationId, causedBy, traceParent };
};

const NOTHING = { correlationId: '', causationId: '', causedBy: '', traceParent: '' };

describe('an event that is appended', () => {
  it('takes nothing where nothing is carried', () => {
    expect(currentContext()).toBeUndefined();
    expect(taken()).toEqual(NOTHING);
  });

  it('takes what its cause says, also after something was waited for', async () => {
    const expected = { correlationId: 'operation', causationId: 'cause', causedBy: 'ada', traceParent: TRACE };
    await withCause(cause, async () => {
      expect(taken()).toEqual(expected);
      await new Promise(setImmediate);
      expect(taken()).toEqual(expected);
    });
    expect(currentContext()).toBeUndefined();
  });

  it('says of itself what it says, each field by itself, and be it nothing', () => {
    withCause(cause, () => {
      expect(taken({ correlationId: 'mine', causedBy: '' })).toEqual({
        correlationId: 'mine',
        causationId: 'cause',
        causedBy: '',
        traceParent: TRACE,
      });
    });
  });

  it('is not its own cause when it is passed on under its own id', () => {
    withCause(cause, () => {
      expect(taken({ eventId: 'cause' })).toMatchObject({ correlationId: 'operation', causationId: '' });
    });
  });

  it('takes what its context says, and beside it what an outer one said', () => {
    withContext({ correlationId: 'request', causedBy: 'ada' }, () => {
      withContext({ causedBy: 'ada, for bob' }, () => {
        expect(taken()).toEqual({ ...NOTHING, correlationId: 'request', causedBy: 'ada, for bob' });
      });
      withContext({ correlationId: undefined }, () => {
        expect(taken()).toEqual({ ...NOTHING, causedBy: 'ada' });
      });
    });
  });

  it('takes the identity of its context when its cause names nobody', () => {
    withContext({ causedBy: 'mailer', correlationId: 'elsewhere' }, () => {
      withCause({ ...cause, causedBy: '' }, () => {
        expect(taken()).toMatchObject({ causedBy: 'mailer', correlationId: 'operation' });
      });
    });
  });

  it('takes nothing into a handler from where the observation was begun', () => {
    withContext({ correlationId: 'outside', causedBy: 'outside' }, () => {
      within({ causationId: 'cause' }, () => {
        expect(taken()).toEqual({ ...NOTHING, causationId: 'cause' });
      });
    });
  });
});

describe('of several causes at once', () => {
  it('one alone is the cause', () => {
    expect(causedTogether([cause])).toEqual({
      correlationId: 'operation',
      causationId: 'cause',
      causedBy: 'ada',
      traceParent: TRACE,
    });
  });

  it('what all of them agree on is taken, and which of them is the cause is left open', () => {
    const other = { ...cause, eventId: 'other', causedBy: 'bob' };
    const carried = causedTogether([cause, other]);
    expect(carried).toEqual({ correlationId: 'operation', causedBy: undefined, traceParent: TRACE });
  });

  it('none carries nothing', () => {
    expect(causedTogether([])).toEqual({});
  });
});
