using TokenHub.Core.Usage;
using TokenHub.Gateway.Settlement;
using TokenHub.Protocols.Streams;

namespace TokenHub.Gateway.Metering;

/// <summary>What one answer used. Counted means: by the gateway itself, because the upstream did not say.</summary>
internal readonly record struct MeterReading(TokenUsage Usage, bool IsCounted);

/// <summary>
/// Room six: a tap on what passes, never a stage in the way. It keeps the in-flight slot up to date, so that a crash bills
/// what was served, and knows at the end what was used.
/// </summary>
internal sealed class StreamMeter : IAnswerTap
{
    private AnswerReader? _reader;
    private Hold? _hold;
    private InFlightSlot? _slot;
    private long _inputTokens;

    public AnswerReader Reader => _reader!;

    public bool IsUsedUp => _hold is { IsLast: true } hold && hold.IsUsedUp(OutputTokens);

    public TokenUsage Usage => Read().Usage;

    private long OutputTokens => Math.Max(Reader.CountedOutputTokens, Reader.Usage?.Output ?? 0);

    /// <param name="hold">Null for calls that cost nothing.</param>
    /// <param name="inputTokens">The gateway's own guess, for when the upstream says nothing.</param>
    public void Begin(AnswerReader reader, Hold? hold, InFlightSlot? slot, long inputTokens)
    {
        (_reader, _hold, _slot, _inputTokens) = (reader, hold, slot, inputTokens);
        reader.Reset();
    }

    /// <summary>Another attempt: what the former one said no longer counts.</summary>
    public void Restart(InFlightSlot? slot)
    {
        _slot = slot;
        Reader.Reset();
    }

    public void Take(ReadOnlySpan<byte> bytes)
    {
        Reader.Append(bytes);
        if (_hold is null)
        {
            return;
        }

        var usage = Reader.Usage;
        if (usage is { Input: > 0 } known)
        {
            _hold.NoteInput(known.Input);
        }

        _slot?.Progress(
            usage is { Input: > 0 } reported ? reported.Input : _inputTokens,
            Reader.HasContent ? Math.Max(1, OutputTokens) : 0,
            _hold.Amount);
    }

    public void Complete() => Reader.Complete();

    public bool Covers(int bytes) => _hold is null || _hold.Covers(Reader.CountedOutputTokens, bytes);

    public ValueTask<bool> CoverAsync(int bytes) =>
        _hold is null ? new ValueTask<bool>(true) : _hold.GrowAsync(Reader.CountedOutputTokens, bytes);

    /// <summary>
    /// The final reading. What the upstream reported stands, unless it is impossible or was never completed: then the own
    /// count stands for the output, and the estimate for an input of which nothing is known.
    /// </summary>
    public MeterReading Read()
    {
        var counted = Reader.CountedOutputTokens;
        if (Reader.Usage is not { } usage || (usage.IsEmpty && counted > 0))
        {
            return new MeterReading(new TokenUsage { Input = _inputTokens, Output = counted }, IsCounted: true);
        }

        if (Reader.UsageIsFinal)
        {
            return new MeterReading(usage, IsCounted: false);
        }

        var whole = usage with
        {
            Input = usage.Input > 0 ? usage.Input : _inputTokens,
            Output = Math.Max(usage.Output, counted),
        };
        return new MeterReading(whole, IsCounted: true);
    }

    public void End() => (_reader, _hold, _slot) = (null, null, null);
}
