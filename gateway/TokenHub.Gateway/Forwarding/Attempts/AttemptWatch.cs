using TokenHub.Core.Snapshots;
using TokenHub.Gateway.Channels.Circuits;
using TokenHub.Gateway.Learned;

namespace TokenHub.Gateway.Forwarding.Attempts;

/// <summary>
/// Follows one attempt and tells what it says of its channel: to the circuit, to what is learnt of first tokens, to the
/// budget of retries. Content says at once that the channel works; a stream may run on for minutes.
/// </summary>
/// <param name="startedAt">When it began, if that was before now, as a hedge does.</param>
internal sealed class AttemptWatch(
    CircuitBoard circuits,
    RetryBudget? retries,
    UpstreamChannel channel,
    CircuitEntry entry,
    TimeProvider time,
    long? startedAt = null)
    : IContentWatch
{
    private readonly long _startedAt = startedAt ?? time.GetTimestamp();
    private int _isRetry = retries is null ? 0 : 1;
    private int _isTrial = entry == CircuitEntry.Trial ? 1 : 0;
    private int _firstTokenMs = -1;
    private bool _isReported;

    public long StartedAt => _startedAt;

    public int ElapsedMs => (int)Math.Min(int.MaxValue, time.GetElapsedTime(_startedAt).TotalMilliseconds);

    /// <summary>From the attempt's beginning to its first content; -1 before.</summary>
    public int FirstTokenMs => _firstTokenMs;

    public void ContentBegun()
    {
        if (_firstTokenMs < 0)
        {
            _firstTokenMs = ElapsedMs;
            EndRetry();
            circuits.Succeed(channel, _startedAt);
            EndTrial();
        }
    }

    /// <summary>Says what the attempt's end means for the channel.</summary>
    public void Report(in AttemptResult result, bool isStream, RoutingRules rules)
    {
        EndRetry();
        _isReported = true;
        if (result.Class is not (FailureClass.None or FailureClass.Caller or FailureClass.ModelMissing))
        {
            circuits.Fail(channel, entry, result.Class, result.RetryAfter, rules);
        }
        else if (_firstTokenMs < 0)
        {
            if (result.Class is FailureClass.Caller or FailureClass.ModelMissing || result.End == AnswerEnd.Proper)
            {
                // It judged the request: it works.
                circuits.Succeed(channel, _startedAt);
            }
            else if (entry == CircuitEntry.Trial)
            {
                circuits.Abandon(channel);
            }
        }
        else if (isStream && result.End is AnswerEnd.Proper or AnswerEnd.StopSequence)
        {
            FirstTokens.Note(channel.Live, _firstTokenMs);
        }

        EndTrial();
    }

    /// <summary>The end, whatever happened: when nothing was reported, nothing is known of the channel.</summary>
    public void Abandon()
    {
        EndRetry();
        if (entry == CircuitEntry.Trial && _firstTokenMs < 0 && !_isReported)
        {
            circuits.Abandon(channel);
        }

        EndTrial();
    }

    // The second time does nothing.
    private void EndTrial()
    {
        if (Interlocked.Exchange(ref _isTrial, 0) == 1)
        {
            circuits.EndTrial(channel);
        }
    }

    // The second time does nothing.
    private void EndRetry()
    {
        if (Interlocked.Exchange(ref _isRetry, 0) == 1)
        {
            retries!.Leave();
        }
    }
}
