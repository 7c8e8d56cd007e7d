using TokenHub.Redis;
using TokenHub.Redis.Resp;
using TokenHub.Redis.Scripts;

namespace TokenHub.Ledger.Tests.Fixtures;

/// <summary>
/// Lets something else happen just before the first call of one script: the race that a test is about, every time.
/// </summary>
public sealed class InterruptedRunner(IScriptRunner inner, string name, Func<Task> meanwhile) : IScriptRunner
{
    private RespCall? _marked;
    private bool _isDone;

    public RespCall Begin(LuaScript script)
    {
        var call = inner.Begin(script);
        if (script.Name == name && !_isDone)
        {
            _isDone = true;
            _marked = call;
        }

        return call;
    }

    public RespCall Begin(ReadOnlySpan<byte> command) => inner.Begin(command);

    public async ValueTask<RespReply> RunAsync(RespCall begun, CancellationToken cancellationToken)
    {
        if (ReferenceEquals(begun, _marked))
        {
            _marked = null;
            await meanwhile();
        }

        return await inner.RunAsync(begun, cancellationToken);
    }
}
