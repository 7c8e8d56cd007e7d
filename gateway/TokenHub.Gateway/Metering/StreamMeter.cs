using TokenHub.Core.Snapshots;
using TokenHub.Core.Usage;
using TokenHub.Gateway.Learned;
using TokenHub.Protocols.Streams;
using TokenHub.Protocols.Tokens;

namespace TokenHub.Gateway.Metering;

/// <summary>
/// Room six: a tap on what passes, never a stage in the way. It keeps the in-flight slot up to date, so that a crash
/// bills what was served, and knows at the end what was used.
/// </summary>
internal sealed class StreamMeter(AnswerReaderPool readers, TokenScales scales) : IAnswerTap
{
    private AnswerReader? _reader;
    private TokenScale? _scale;
    private (Dialect Dialect, TokenEncoding Encoding, bool IsMedia) _kind;
    private Hold? _hold;
    private Exchange? _exchange;
    private Candidate? _candidate;
    private long _inputTokens;
    private long _outputTokens;
    private long _counted;
    private long _countedBefore;
    private long _tokensBefore;
    private long _chargedMax;
    private int _beganMs;

    /// <summary>An attempt has begun, and the exchange is not over.</summary>
    public bool IsReading => _reader is not null;

    public AnswerReader Reader => _reader!;

    public bool IsUsedUp => _hold is { IsLast: true } hold && hold.IsUsedUp(_outputTokens);

    public TokenUsage Usage => Charged(Read().Usage);

    /// <summary>What was odd about the last attempt's usage.</summary>
    public UsageNotes Notes { get; private set; }

    /// <summary>An exchange is about to be answered.</summary>
    public void Begin(Exchange exchange)
    {
        (_exchange, _inputTokens) = (exchange, exchange.InputEstimate);
        _hold = exchange.Endpoint.IsBilled() ? exchange.Hold : null;
        Notes = UsageNotes.None;
    }

    public void BeginAttempt()
    {
        // Every channel is read in its own protocol and counted as its own model counts.
        GiveBack();
        (_candidate, _chargedMax) = (_exchange!.Serving, long.MaxValue);
        _kind = (_exchange.UpstreamDialect, _candidate!.Encoding, _exchange.Media is not null);
        _reader = readers.Rent(_kind.Dialect, _kind.Encoding, _kind.IsMedia);
        _scale = _candidate.Encoding == TokenEncoding.ByteClass ? scales.Of(_candidate.UpstreamModel) : null;
        _reader.CountPerMille = _scale?.PerMille ?? TokenScale.Once;
        (_counted, _countedBefore, _outputTokens, _tokensBefore) = (0, 0, 0, 0);
        _beganMs = _exchange.ElapsedMs;
    }

    public void EndAttempt(in AttemptEnd end)
    {
        if (_candidate is not { } candidate || _exchange is not { } exchange)
        {
            return;
        }

        // Content counts once it was begun to be passed on; what was kept back reached nobody.
        var outcome = OutcomeTable.Of(
            end.End, end.Fault, exchange.FirstContentMs >= 0 && Reader.HasContent, Reader.Usage is { IsEmpty: false },
            Reader.IsWhole(exchange.UpstreamDialect));
        var reading = Read();
        Notes = reading.Notes | (exchange.WasDrained ? UsageNotes.Drained : UsageNotes.None);
        Learn(candidate, outcome, reading);
        exchange.AddAttempt(new AttemptRecord(candidate.Channel.Id, end.Status, end.Fault, end.ElapsedMs)
        {
            Outcome = outcome,
            PriceVersion = candidate.Tariff.PriceVersion,
            FirstTokenMs = exchange.FirstContentMs >= _beganMs ? exchange.FirstContentMs - _beganMs : -1,
            Usage = reading.Usage,
            IsCounted = reading.IsCounted,
        });
        _candidate = null;
    }

    public void AddLost(Candidate candidate, ReadOnlySpan<byte> bytes, in AttemptEnd end)
    {
        var exchange = _exchange!;
        var dialect = candidate.UpstreamDialect(exchange.Endpoint, exchange.Dialect);
        var reader = readers.Rent(dialect, candidate.Encoding, isMedia: false);
        reader.Append(bytes);
        reader.Complete();
        var reading = UsageSanity.Read(reader, candidate, _inputTokens, exchange.Facts.N);
        readers.Return(dialect, candidate.Encoding, isMedia: false, reader);
        exchange.AddAttempt(new AttemptRecord(candidate.Channel.Id, end.Status, end.Fault, end.ElapsedMs)
        {
            Outcome = OutcomeTable.Of(end.End, end.Fault, hadContent: false, hasUsage: false, wasWhole: false),
            PriceVersion = candidate.Tariff.PriceVersion,
            Usage = reading.Usage,
            IsCounted = reading.IsCounted,
        });
    }

    public void Take(ReadOnlySpan<byte> bytes)
    {
        Reader.Append(bytes);
        if (_hold is null)
        {
            return;
        }

        (_countedBefore, _counted) = (_counted, Reader.CountedOutputTokens);
        var (input, output) = (_inputTokens, _counted);
        if (Reader.Usage is { } usage)
        {
            // What cannot be believed must steer nothing: neither the hold nor the bill after a crash.
            output = Math.Max(output, UsageSanity.Believable(usage.Output, output, _candidate!, _exchange!.Facts.N));
            if (usage.Input > 0 && usage.Input <= _candidate!.Limits.InputMax)
            {
                input = usage.Input;
                _hold.NoteInput(input);
            }
        }

        // One token at least once there is content: a crash must not give away what was begun.
        (_tokensBefore, _outputTokens) = (_outputTokens, output);
        _exchange!.NoteProgress(input, Reader.HasContent ? Math.Max(1, output) : 0);
    }

    public void Complete() => Reader.Complete();

    public bool Covers(int bytes) => _hold is null || _hold.Covers(_outputTokens, bytes);

    public ValueTask<bool> CoverAsync(int bytes) =>
        _hold is null ? new ValueTask<bool>(true) : _hold.GrowAsync(_outputTokens, bytes);

    public bool TryWithhold()
    {
        // By the own count: a report of what was hidden so far is no reason to keep an event back.
        if (_hold is not { } hold || !hold.IsOverdrawn(_counted) || _counted == _countedBefore)
        {
            return false;
        }

        _chargedMax = _tokensBefore;
        return true;
    }

    /// <summary>The part of a usage that is the user's: what was withheld for want of money is not.</summary>
    public TokenUsage Charged(in TokenUsage usage) => usage with
    {
        Output = Math.Min(usage.Output, _chargedMax),
        Reasoning = Math.Min(usage.Reasoning, _chargedMax),
    };

    /// <summary>The exchange is over.</summary>
    public void End()
    {
        GiveBack();
        (_hold, _exchange, _candidate) = (null, null, null);
    }

    // From whole answers of providers that are believed, where nothing odd was seen.
    private void Learn(Candidate candidate, Outcome outcome, in MeterReading reading)
    {
        if (_scale is { } scale && outcome == Outcome.Completed && !reading.IsCounted && candidate.Channel.TrustsUsage
            && (reading.Notes & ~UsageNotes.FarOff) == UsageNotes.None)
        {
            var hidden = Reader.ReasoningBytes == 0 ? reading.Usage.Reasoning : 0;
            scale.Note(Reader.UnscaledOutputTokens, reading.Usage.Output - hidden);
        }
    }

    private void GiveBack()
    {
        if (_reader is { } reader)
        {
            readers.Return(_kind.Dialect, _kind.Encoding, _kind.IsMedia, reader);
            _reader = null;
        }
    }

    private MeterReading Read() => _exchange!.Media is { } media
        ? MediaUsage.Read(Reader, _candidate!, media)
        : UsageSanity.Read(Reader, _candidate!, _inputTokens, _exchange.Facts.N);
}
