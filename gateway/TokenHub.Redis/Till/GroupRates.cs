using TokenHub.Core.Money;
using TokenHub.Core.Requests;
using TokenHub.Redis.Resp;
using TokenHub.Redis.Scripts;

namespace TokenHub.Redis;

/// <summary>
/// Requests and tokens a minute of all users of a group together. They have a hash tag of their own, so they are taken
/// before the hold and given back where there is none. Both calls may be repeated after a lost answer. Thread-safe.
/// </summary>
public sealed class GroupRates(IScriptRunner runner)
{
    /// <summary>Takes one request and its tokens, or refuses with <see cref="TillCode.Rate"/>.</summary>
    /// <returns>Of the rates those of the key stand for the group's.</returns>
    public async ValueTask<HoldReply> TakeAsync(
        string group, RequestId rid, int? rpm, int? tpm, long tokens, CancellationToken cancellationToken)
    {
        var call = AddKeys(runner.Begin(LuaScripts.Rate), group, rid).AddLimit(rpm).AddLimit(tpm).Add(tokens);
        return (await ReadAsync(call, cancellationToken).ConfigureAwait(false)).ToHold() with { Available = Usd.Zero };
    }

    /// <summary>Puts right what was taken, once; <see cref="TillCode.Repeated"/> when there is nothing.</summary>
    /// <param name="counts">False when the request was not served: then it counts for nothing.</param>
    public async ValueTask<TillCode> PutRightAsync(
        string group, RequestId rid, bool counts, long tokens, CancellationToken cancellationToken)
    {
        var call = AddKeys(runner.Begin(LuaScripts.Unrate), group, rid).Add(counts ? 1 : 0).Add(tokens);
        return (await ReadAsync(call, cancellationToken).ConfigureAwait(false)).Code;
    }

    private static RespCall AddKeys(RespCall call, string group, RequestId rid) =>
        call.Add(RedisKeys.GroupRates(group)).Add(RedisKeys.GroupTaken(group, rid));

    private async ValueTask<TillReply> ReadAsync(RespCall call, CancellationToken cancellationToken)
    {
        using var reply = await runner.RunAsync(call, cancellationToken).ConfigureAwait(false);
        var reader = reply.Read();
        return TillReply.Read(ref reader);
    }
}
