using TokenHub.Core.Snapshots;

namespace TokenHub.Gateway.Forwarding;

/// <summary>
/// Passes the last of a stream that the money covers: event by event, none begun once it is used up, and none that
/// would go far beyond it. So an account is overdrawn by one step at most, however an upstream cuts its events.
/// </summary>
internal static class LastOfMoney
{
    /// <summary>Takes bytes that came from the upstream; what is no whole event yet waits in the run.</summary>
    public static void Take(StreamPump.Run run, ReadOnlySpan<byte> bytes)
    {
        Note(run);
        System.Buffers.BuffersExtensions.Write(run.Rest, bytes);
        var rest = run.Rest.WrittenSpan;
        var at = IsAtEdge(run) ? 0 : TakeRemainder(run, rest);
        while (at >= 0 && at < rest.Length && !run.IsOutOfMoney)
        {
            var length = FindEnd(run, rest[at..]);
            if (length < 0)
            {
                break;
            }

            TakeEvent(run, rest.Slice(at, length));
            at += length;
        }

        Keep(run, at < 0 ? rest.Length : at);

        // An event of which so much has come covers nothing any more.
        run.IsOutOfMoney |= run.Rest.Length > run.Options.HeldBackBytesMax;
    }

    /// <summary>The upstream is through: an event without its last blank line still counts.</summary>
    public static void Finish(StreamPump.Run run)
    {
        if (run.HasEnded && run.Rest.Length > 0 && !run.IsOutOfMoney)
        {
            TakeEvent(run, run.Rest.WrittenSpan);
        }

        run.Rest.Dispose();
    }

    private static void TakeEvent(StreamPump.Run run, Span<byte> bytes)
    {
        run.Tap.Take(bytes);
        if (run.Tap.TryWithhold())
        {
            run.IsOutOfMoney = true;
            return;
        }

        Emit(run, bytes);
        run.IsOutOfMoney = run.Tap.IsUsedUp && !IsSaid(run);
    }

    // Nothing but the end marks follows: they cost nothing and may pass.
    private static bool IsSaid(StreamPump.Run run)
    {
        var (reader, dialect) = (run.Tap.Reader, run.Exchange.UpstreamDialect);
        return dialect switch
        {
            Dialect.Chat => run.Exchange.Facts.N <= 1 && reader.IsWhole(dialect),
            Dialect.Anthropic => reader.IsTerminal || reader.Finish.Length > 0,
            _ => reader.IsTerminal,
        };
    }

    // What an end written by the gateway must refer to: as far as the client has seen it.
    private static void Note(StreamPump.Run run)
    {
        var reader = run.Tap.Reader;
        (run.OpenBlock, run.LastSequence) = (reader.OpenBlock, reader.LastSequence);
        reader.MarkOutput();
    }

    // The event under way, of which the first part has passed already. -1 when it does not end here.
    private static int TakeRemainder(StreamPump.Run run, Span<byte> bytes)
    {
        var length = run.Exchange.IsUpstreamArray ? -1 : EdgeOf(run).FindEnd(bytes);
        for (var at = 0; length < 0 && run.Exchange.IsUpstreamArray && at < bytes.Length;)
        {
            var brace = bytes[at..].IndexOf((byte)'}');
            var to = brace < 0 ? bytes.Length : at + brace + 1;
            run.Tap.Take(bytes[at..to]);
            at = to;
            length = run.Tap.Reader.IsBetweenElements ? to : -1;
        }

        if (!run.Exchange.IsUpstreamArray)
        {
            run.Tap.Take(length < 0 ? bytes : bytes[..length]);
        }

        Emit(run, length < 0 ? bytes : bytes[..length]);
        run.IsOutOfMoney = length >= 0 && run.Tap.IsUsedUp;
        return length;
    }

    private static void Emit(StreamPump.Run run, Span<byte> bytes)
    {
        if (run.Tap.Reader.HasError)
        {
            Redactor.Mask(bytes, run.Exchange.Serving!.Channel);
        }

        if (run.HasStarted)
        {
            run.Pass(bytes);
        }
        else
        {
            System.Buffers.BuffersExtensions.Write(run.Held, bytes);
        }

        Note(run);
    }

    private static bool IsAtEdge(StreamPump.Run run) => run.Exchange.IsUpstreamArray
        ? run.Tap.Reader.IsBetweenElements || !HasPassed(run)
        : EdgeOf(run).IsAtEdge;

    private static bool HasPassed(StreamPump.Run run) => EdgeOf(run).HasPassed;

    private static EventEdge EdgeOf(StreamPump.Run run)
    {
        var edge = run.Edge;
        if (!run.HasStarted)
        {
            edge.Pass(run.Held.Span);
        }

        return edge;
    }

    private static int FindEnd(StreamPump.Run run, ReadOnlySpan<byte> bytes) =>
        run.Exchange.IsUpstreamArray ? ArrayEdge.FindEnd(bytes) : default(EventEdge).FindEnd(bytes);

    private static void Keep(StreamPump.Run run, int taken)
    {
        var left = run.Rest.WrittenSpan[taken..];
        left.CopyTo(run.Rest.WrittenSpan);
        run.Rest.Truncate(left.Length);
        if (left.IsEmpty)
        {
            run.Rest.Dispose();
        }
    }
}
