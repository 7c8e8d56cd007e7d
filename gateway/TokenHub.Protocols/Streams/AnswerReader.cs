using System.Text.Json;
using TokenHub.Core.Snapshots;
using TokenHub.Core.Usage;
using TokenHub.Protocols.Anthropic;
using TokenHub.Protocols.Bedrock;
using TokenHub.Protocols.Gemini;
using TokenHub.Protocols.Json.Tokenizing;
using TokenHub.Protocols.OpenAi;
using TokenHub.Protocols.Responses;
using TokenHub.Protocols.Sse;
using TokenHub.Protocols.Tokens;

namespace TokenHub.Protocols.Streams;

/// <summary>
/// Reads an upstream's answer as it passes, in pieces cut anywhere: whether it has content yet, how it ended, what the
/// upstream says was used and what the gateway counts itself. Event streams, single JSON bodies and arrays of them are
/// told apart by their first byte. Memory is constant; no piece allocates once the reader stands.
/// </summary>
/// <remarks>Not thread-safe. A reader may be used again after <see cref="Reset"/>.</remarks>
public abstract partial class AnswerReader
{
    /// <summary>Longest event that is read; pictures in a line take several megabytes.</summary>
    public const int EventBytesMaxDefault = 16 << 20;

    private readonly JsonShape<Field> _shape;
    private SseReader _sse;
    private JsonTokenizer _json;
    private ShortText _id;
    private ShortText _model;
    private ShortText _finish;
    private ShortText _eventName;
    private ShortText _dataHead;
    private ShortText _type;
    private protected EventState _event;
    private protected EventUsage _eventUsage;
    private UsageDraft _usage;
    private ErrorText? _error;
    private ErrorText? _errorDraft;
    private ShortText _scratch;
    private Field _textField;
    private Field _countedField;
    private int _textNode;
    private int _toolDepth;
    private long _eventBytes;
    private bool _hasUsage;
    private bool _hasOutput;
    private bool _isBare;
    private bool _isOver;

    private protected AnswerReader(JsonShape<Field> shape, IncrementalCounter counter)
    {
        _shape = shape;
        Counter = counter;
        Reset();
    }

    /// <summary>A reader for pictures, speech and transcripts in OpenAI's form.</summary>
    public static AnswerReader CreateForMedia(IncrementalCounter? counter = null) =>
        new MediaAnswerReader(counter ?? new ByteClassCounter());

    /// <summary>A reader for answers in a dialect; <paramref name="counter"/> counts what the model writes.</summary>
    public static AnswerReader Create(Dialect dialect, bool isStream, IncrementalCounter? counter = null)
    {
        counter ??= new ByteClassCounter();
        AnswerReader reader = dialect switch
        {
            Dialect.Chat => new ChatAnswerReader(counter),
            Dialect.Responses => new ResponsesAnswerReader(counter),
            Dialect.Anthropic => new AnthropicAnswerReader(counter),
            Dialect.Gemini => new GeminiAnswerReader(counter),
            Dialect.Converse => new ConverseAnswerReader(counter),
            _ => throw new ArgumentOutOfRangeException(nameof(dialect)),
        };
        reader.IsStream = isStream;
        return reader;
    }

    /// <summary>Whether the caller asked for a stream. What is read decides for itself what it is.</summary>
    public bool IsStream { get; private set; }

    /// <summary>An event longer than this ends the reading with an error.</summary>
    public int EventBytesMax { get; set; } = EventBytesMaxDefault;

    /// <summary>
    /// True once an event has brought something of the answer: text other than white space, reasoning, a call, a
    /// refusal, a picture. Comments, pings, roles, usage and end marks alone do not count.
    /// </summary>
    public bool HasContent { get; private protected set; }

    /// <summary>The same of the event under way: a picture may take megabytes until its event is whole.</summary>
    public bool IsContentBegun => HasContent || _event.HasContent;

    /// <summary>The protocol's own end mark has come; for a single body, its whole document.</summary>
    public bool IsTerminal { get; private protected set; }

    /// <summary>
    /// What has come of a stream ends with a whole event: something may be written behind it without breaking one.
    /// </summary>
    public bool IsBetweenEvents => _sse.IsBetweenEvents;

    /// <summary>What has come of an array of events ends behind a whole one.</summary>
    public bool IsBetweenElements => _isBare && _event.IsArray && _json.Depth == 1;

    /// <summary>The number of the last event that had one (Responses); -1 before.</summary>
    public long LastSequence { get; private set; }

    /// <summary>The content block that was begun and not ended (Anthropic), or -1.</summary>
    public int OpenBlock { get; private protected set; }

    /// <summary>The answer is, or contains, the upstream's report of an error.</summary>
    public bool HasError => _error is not null;

    public string? ErrorType => _error?.Type;

    public string? ErrorCode => _error?.Code;

    public string? ErrorMessage => _error?.Message;

    public StreamFaults Faults { get; private protected set; }

    /// <summary>True when the upstream reported numbers that cannot be.</summary>
    public bool UsageSuspect => (Faults & (StreamFaults.UsageImpossible | StreamFaults.UsageDecreased
        | StreamFaults.UsagePartsTooLarge)) != 0;

    /// <summary>What the upstream says was used; null as long as it has said nothing that can be believed.</summary>
    public TokenUsage? Usage => _hasUsage ? UsageParts.Clamp(ToUsage(_usage)) : null;

    /// <summary>
    /// False while <see cref="Usage"/> may lack output: a stream that was cut, or an Anthropic one that has only begun.
    /// The own count then stands for the output.
    /// </summary>
    public bool UsageIsFinal { get; private protected set; }

    /// <summary>Passes of a server-side loop that the usage says it sums; 0 when it says nothing of them.</summary>
    public int Iterations { get; private protected set; }

    /// <summary>Something came that is not counted: pictures, sound, signatures of hidden thoughts.</summary>
    public bool HasOpaque { get; private protected set; }

    /// <summary>UTF-8 bytes of text, reasoning and calls together.</summary>
    public long OutputTextBytes => TextBytes + ReasoningBytes + ToolBytes;

    public long TextBytes { get; private protected set; }

    public long ReasoningBytes { get; private protected set; }

    public long ToolBytes { get; private protected set; }

    /// <summary>The gateway's own count of the text, reasoning and calls so far.</summary>
    public long CountedOutputTokens => CountPerMille == 1000 ? Counter.Count : Counter.Count * CountPerMille / 1000;

    /// <summary>The same, not scaled.</summary>
    public long UnscaledOutputTokens => Counter.Count;

    /// <summary>What the model's tokens are to the count, in thousandths; set before the first byte.</summary>
    public int CountPerMille { get; set; } = 1000;

    /// <summary>The last reason to stop that was given, in the dialect's own words; empty when none was.</summary>
    public string Finish => _finish.ToString();

    public string UpstreamId => _id.ToString();

    public string Model => _model.ToString();

    public ReadOnlySpan<byte> ModelUtf8 => _model.Span;

    private protected IncrementalCounter Counter { get; }

    /// <summary>Keeps the output for dialects whose last event repeats it.</summary>
    private protected ResponsesOutput? Output { get; init; }

    private protected ReadOnlySpan<byte> FinishUtf8 => _finish.Span;

    private protected ReadOnlySpan<byte> EventType => _type.IsEmpty ? _eventName.Span : _type.Span;

    /// <summary>Makes the reader new, for another answer of the same dialect.</summary>
    public void Reset()
    {
        _sse.Reset();
        ForgetUsage();
        _error = null;
        _isOver = false;
        _isBare = false;
        _id.Clear();
        _model.Clear();
        _finish.Clear();
        (HasContent, HasOpaque, IsTerminal, Iterations) = (false, false, false, 0);
        (LastSequence, OpenBlock) = (-1, -1);
        ForgetMedia();
        Output?.Reset();
        _countedField = Field.None;
        (TextBytes, ReasoningBytes, ToolBytes) = (0, 0, 0);
        Faults = StreamFaults.None;
        CountPerMille = 1000;
        Counter.Reset();
        OnReset();
        BeginEvent();
    }

    /// <summary>Reads on; the bytes are not kept.</summary>
    public void Append(ReadOnlySpan<byte> bytes)
    {
        if (IsRaw)
        {
            AppendRaw(bytes);
            return;
        }

        var sink = new FrameSink(this);
        _sse.Feed(bytes, ref sink);
    }

    /// <summary>The upstream is through, properly or not: an event without its last blank line still counts.</summary>
    public void Complete()
    {
        if (IsRaw)
        {
            return;
        }

        var sink = new FrameSink(this);
        _sse.Complete(ref sink);
        Faults |= _isBare ? StreamFaults.Malformed : StreamFaults.None;
        Counter.Break();
    }

    /// <summary>
    /// Writes the items of the answer so far, for an end that must carry them (Responses); nothing elsewhere.
    /// </summary>
    public void WriteOutput(Utf8JsonWriter json) => Output?.Write(json);

    /// <summary>What comes from now on is not to be written, unless it is marked again.</summary>
    public void MarkOutput() => Output?.Mark();

    /// <summary>A whole event has been read and its fields are set.</summary>
    private protected abstract void OnEvent(ReadOnlySpan<byte> type);

    private protected virtual void OnReset()
    {
    }

    /// <summary>The mark of OpenAI's streams has come.</summary>
    private protected virtual void OnDone()
    {
    }

    private protected abstract TokenUsage ToUsage(in UsageDraft usage);

    /// <summary>What a string means here and now, for places whose meaning hangs on the event.</summary>
    private protected virtual Field Resolve(Field field) => field;

    /// <summary>Whether an output item of a kind is content by itself.</summary>
    private protected virtual bool IsContentItem(ReadOnlySpan<byte> type) => false;

    private protected void SetFinish(ReadOnlySpan<byte> prefix, ReadOnlySpan<byte> finish)
    {
        _finish.Clear();
        _finish.Append(prefix);
        _finish.Append(finish);
    }

    // Lays the event's usage over what was known. Output that has been reported may not go down.
    private protected void TakeUsage(bool isFinal)
    {
        ref var draft = ref _eventUsage.Plain;
        if (draft.IsImpossible)
        {
            // What was reported before may be far behind by now: the own count stands beside it.
            Faults |= StreamFaults.UsageImpossible;
            UsageIsFinal = false;
            return;
        }

        if (!draft.Has(UsageField.Input) && !draft.Has(UsageField.Output))
        {
            return;
        }

        var merged = _usage;
        merged.Overlay(draft);
        var usage = ToUsage(merged);
        if (_hasOutput && usage.Output < ToUsage(_usage).Output)
        {
            Faults |= StreamFaults.UsageDecreased;
            return;
        }

        Faults |= UsageParts.Clamp(usage) != usage ? StreamFaults.UsagePartsTooLarge : StreamFaults.None;
        _usage = merged;
        _hasUsage = true;
        _hasOutput |= isFinal;
        UsageIsFinal |= isFinal;
    }

    private protected void ForgetUsage()
    {
        _usage = default;
        _hasUsage = false;
        _hasOutput = false;
        UsageIsFinal = false;
    }

    private ErrorText ErrorDraft => _errorDraft ??= new ErrorText();
}
