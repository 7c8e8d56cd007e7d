using TokenHub.Core.Usage;
using TokenHub.Protocols.Streams;

namespace TokenHub.Gateway.Metering;

/// <summary>What one answer used. Counted means: by the gateway itself, because the upstream did not say.</summary>
internal readonly record struct MeterReading(TokenUsage Usage, bool IsCounted);

/// <summary>
/// Room six: a tap on what passes, never a stage in the way. It keeps the in-flight slot up to date, so that a crash
/// bills what was served, and knows at the end what was used.
/// </summary>
internal sealed class StreamMeter : IAnswerTap
{
    private AnswerReader? _reader;
    private Hold? _hold;
    private Exchange? _exchange;
    private long _inputTokens;

    /// <summary>Between <see cref="Begin"/> and <see cref="End"/>.</summary>
    public bool IsReading => _reader is not null;

    public AnswerReader Reader => _reader!;

    public bool IsUsedUp => _hold is { IsLast: true } hold && hold.IsUsedUp(OutputTokens);

    public TokenUsage Usage => Read().Usage;

    private long OutputTokens => Math.Max(Reader.CountedOutputTokens, Reader.Usage?.Output ?? 0);

    /// <summary>An exchange is about to be answered.</summary>
    public void Begin(AnswerReader reader, Exchange exchange)
    {
        reader.Reset();
        (_reader, _exchange, _inputTokens) = (reader, exchange, exchange.InputEstimate);
        _hold = exchange.Endpoint.IsBilled() ? exchange.Hold : null;
    }

    public void Restart() => Reader.Reset();

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

        // One token at least once there is content: a crash must not give away what was begun.
        _exchange!.NoteProgress(
            usage is { Input: > 0 } reported ? reported.Input : _inputTokens,
            Reader.HasContent ? Math.Max(1, OutputTokens) : 0);
    }

    public void Complete() => Reader.Complete();

    public bool Covers(int bytes) => _hold is null || _hold.Covers(Reader.CountedOutputTokens, bytes);

    public ValueTask<bool> CoverAsync(int bytes) =>
        _hold is null ? new ValueTask<bool>(true) : _hold.GrowAsync(Reader.CountedOutputTokens, bytes);

    /// <summary>
    /// The final reading. What the upstream reported stands, unless it is impossible or was never completed: then the
    /// own count stands for the output, and the estimate for an input of which nothing is known.
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

    /// <summary>Gives the reader back.</summary>
    public AnswerReader End()
    {
        var reader = _reader!;
        (_reader, _hold, _exchange) = (null, null, null);
        return reader;
    }
}
