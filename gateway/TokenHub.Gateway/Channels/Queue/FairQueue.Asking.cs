using TokenHub.Gateway.Channels.Gate;

namespace TokenHub.Gateway.Channels.Queue;

/// <summary>Asking the gates for those in line.</summary>
internal sealed partial class FairQueue
{
    private void AskForNewcomer(Waiter waiter, ReadOnlySpan<QueueStep> steps)
    {
        foreach (ref readonly var step in steps)
        {
            ChannelLine line;
            lock (_lock)
            {
                // A place was given back since its gate was asked; or it was not asked, for there was a line, and it is
                // the newcomer's turn.
                var now = Now();
                line = LineOf(step.Channel.Live);
                var isDue = step.Left == QueueStep.NotAsked ? line.Next(now) == waiter : line.Left != step.Left;
                if (waiter.IsOver || !isDue || IsShut(line, now))
                {
                    continue;
                }
            }

            Ask(line);
        }
    }

    // It is known when its rate lets the next one through, and that is not soon.
    private bool IsShut(ChannelLine line, long now) => line.AskAt - now > Ticks(AskEveryMsMax);

    private void Ask(ChannelLine line)
    {
        lock (_lock)
        {
            if (line.IsAsking)
            {
                line.AskAgain = true;
                return;
            }

            line.IsAsking = true;
        }

        _ = AskAsync(line);
    }

    private async Task AskAsync(ChannelLine line)
    {
        while (Next(line) is { } waiter)
        {
            var (call, step) = (waiter.Call, waiter.At(line));
            GateReply reply;
            try
            {
                reply = await _gate.EnterAsync(
                    step.Channel, call.Rid, call.Attempt, step.Tokens, step.Cost, CancellationToken.None)
                    .ConfigureAwait(false);
            }
            catch (Exception error) when (error is not OutOfMemoryException)
            {
                reply = new GateReply(GateCode.Full, 0, 0);
            }

            if (!Take(line, waiter, step, reply))
            {
                return;
            }
        }
    }

    private Waiter? Next(ChannelLine line)
    {
        lock (_lock)
        {
            line.AskAgain = false;
            var next = line.Waiting == 0 ? null : line.Next(Now());
            if (next is null)
            {
                line.WasPassedOver = line.Waiting > 0;
                line.AskAt = Now() + Pause();
                line.IsAsking = false;
            }
            else
            {
                next.IsAsked = true;
            }

            return next;
        }
    }

    // What a gate has answered. True to go on with whoever is next.
    private bool Take(ChannelLine line, Waiter waiter, in QueueStep step, in GateReply reply)
    {
        var isIn = reply.Code == GateCode.Ok || (reply.Code == GateCode.Unavailable && HasRoomHere(step.Channel));
        var (wasGone, goesOn, end) = (false, true, QueueEnd.None);
        List<ChannelLine>? passedOver = null;
        lock (_lock)
        {
            var now = Now();
            waiter.IsAsked = false;
            if (waiter.IsOver)
            {
                wasGone = true;
            }
            else if (isIn)
            {
                Interlocked.Increment(ref line.Live.Running);
                line.Take(waiter.Call.Account, waiter.Call.Weight, now);
                Remove(waiter, now);
                end = QueueEnd.In;
            }
            else
            {
                end = StayOut(line, waiter, reply, now);
                passedOver = end == QueueEnd.None ? PassedOver(waiter, line) : null;
            }

            if (!isIn && reply.Code != GateCode.Exhausted && !line.AskAgain)
            {
                (goesOn, line.IsAsking) = (false, false);
            }
        }

        if (wasGone && isIn)
        {
            _gate.Leave(step.Channel, waiter.Call.Rid, waiter.Call.Attempt, reply.Fence, 0, default);
        }
        else if (end != QueueEnd.None)
        {
            Finish(waiter, end, end == QueueEnd.In ? step.Step : -1, reply.Fence);
        }

        foreach (var other in passedOver ?? [])
        {
            Ask(other);
        }

        return goesOn;
    }

    private QueueEnd StayOut(ChannelLine line, Waiter waiter, in GateReply reply, long now)
    {
        if (reply.Code == GateCode.Exhausted)
        {
            // Alone it has no room for this one; others may ask for less.
            if (waiter.Count == 1)
            {
                Remove(waiter, now);
                return QueueEnd.Exhausted;
            }

            RemoveFrom(line, waiter, now);
            waiter.Drop(line);
            return QueueEnd.None;
        }

        if (reply.Code == GateCode.Rate)
        {
            // Nothing that is given back here makes the rate flow faster.
            line.AskAgain = false;
            line.AskAt = now + Math.Max(Ticks(reply.RetryAfterMs), Ticks(AskSoonMs));
        }
        else
        {
            line.AskAt = now + (now - line.LeftAt < Ticks(AskEveryMsMax) ? Ticks(AskSoonMs) : Pause());
        }

        return QueueEnd.None;
    }

    // Lines that found everybody asked for elsewhere while this one was.
    private static List<ChannelLine>? PassedOver(Waiter waiter, ChannelLine except)
    {
        List<ChannelLine>? found = null;
        foreach (var line in waiter.Lines)
        {
            if (line.WasPassedOver && line != except)
            {
                line.WasPassedOver = false;
                (found ??= []).Add(line);
            }
        }

        return found;
    }

    /// <summary>While Redis is away only what runs here counts against a channel's slots.</summary>
    public static bool HasRoomHere(UpstreamChannel channel) =>
        channel.Entry.MaxConcurrency is not { } slots || Volatile.Read(ref channel.Live.Running) < slots;
}
