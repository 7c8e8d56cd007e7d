using System.Runtime.CompilerServices;

namespace TokenHub.Gateway.Forwarding;

/// <summary>
/// Reads on after the client has left, for upstreams that bill the whole answer anyway: until its end, the end of the
/// money, or the bounds of <see cref="GatewayOptions"/>. Nothing is kept of it but what it used.
/// </summary>
internal static class StreamDrain
{
    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder))]
    public static async ValueTask RunAsync(StreamPump.Run run)
    {
        // The connection has no use any more; only this request's own state stays until the end.
        var (exchange, reader) = (run.Exchange, run.Tap.Reader);
        exchange.Lifetime.Abort();
        run.Held.Dispose();
        (run.IsDraining, run.HasStarted) = (true, true);

        // Who left after the end mark has had his answer; only its usage may be missing.
        run.End = reader.IsWhole(exchange.UpstreamDialect) ? AnswerEnd.ClientGone : AnswerEnd.Drained;
        var end = run.End;
        var tokensMax = reader.CountedOutputTokens + run.Options.ClientDrainTokensMax;
        while (!reader.IsTerminal && !reader.HasError && !run.IsOutOfMoney && reader.CountedOutputTokens < tokensMax
            && await ReadOnAsync(run))
        {
            // On.
        }

        run.End = end;
    }

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    private static async ValueTask<bool> ReadOnAsync(StreamPump.Run run)
    {
        run.Exchange.Deadline.Set(Wait.UpstreamBytes, run.Options.IdleTimeout);
        if (await StreamPump.ReadAsync(run, Memory<byte>.Empty) < 0)
        {
            return false;
        }

        var memory = run.Held.GetMemory(StreamPump.ReadBytes);
        var count = await StreamPump.ReadAsync(run, memory);
        if (count > 0)
        {
            await StreamPump.TakeAsync(run, memory[..count]);
        }

        run.Held.Dispose();
        return count > 0;
    }
}
