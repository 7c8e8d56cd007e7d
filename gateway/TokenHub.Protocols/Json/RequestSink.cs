using System.Buffers.Text;
using System.Runtime.CompilerServices;
using TokenHub.Core.Snapshots;
using TokenHub.Protocols.Json.Tokenizing;
using TokenHub.Protocols.Tokens;

namespace TokenHub.Protocols.Json;

/// <summary>Gathers the facts of a request while a tokenizer passes over it.</summary>
internal ref partial struct RequestSink : IJsonSink
{
    // Nodes under the root: minus a routed key, or one of the places of RequestSink.Content.
    private const int KeyNode = -100;

    private readonly Dialect _dialect;
    private readonly bool _isMedia;
    private readonly ReadOnlySpan<byte> _body;
    private RequestFault _fault;
    private ulong _seen;
    private Spots _spots;
    private bool _isFresh;
    private bool _isRootOpen;
    private long _maxOutput;
    private int _answers;
    private bool _stream;
    private bool _includeUsage;
    private Range _model;
    private Range _streamValue;
    private Range _streamOptions;
    private Range _includeUsageValue;
    private Range _affinity;
    private RequestTraits _traits;
    private InputTally _tally;
    private MediaTally _media;
    private long _stringAt;

    public RequestSink(Dialect dialect, ReadOnlySpan<byte> body, bool isMedia = false)
    {
        (_dialect, _isMedia) = (dialect, isMedia);
        _body = body;
        _maxOutput = -1;
        _answers = 1;
    }

    public RequestFault Finish()
    {
        if (_fault.Code == RequestFaultCode.None && _model.End.Value == 0 && _dialect != Dialect.Gemini)
        {
            _fault = new RequestFault(RequestFaultCode.MissingModel, "model", 0);
        }

        return _fault;
    }

    public readonly RequestFacts ToFacts() => new()
    {
        ModelValue = _model,
        StreamValue = _streamValue,
        Stream = _stream,
        StreamOptionsValue = _streamOptions,
        IncludeUsageValue = _includeUsageValue,
        IncludeUsage = _includeUsage,
        MaxOutputTokens = _maxOutput < 0 ? null : _maxOutput,
        N = _answers,
        AffinityValue = _affinity,
        Traits = _traits,
        Input = _tally,
    };

    public int Enter(int parent, scoped ReadOnlySpan<byte> name, long at)
    {
        if (parent == JsonTokenizer.RootNode)
        {
            return EnterKey(RoutedKey.None, name, at, FreeNode);
        }

        if (parent > KeyNode)
        {
            return EnterContent(parent, name);
        }

        var key = (RoutedKey)(KeyNode - parent);
        return key switch
        {
            RoutedKey.StreamOptions or RoutedKey.GenerationConfig or RoutedKey.Metadata =>
                EnterKey(key, name, at, JsonTokenizer.Silent),
            RoutedKey.Tools => EnterTool(name),
            _ when IsText(key) => EnterContent(TextNode, name),
            _ => JsonTokenizer.Silent,
        };
    }

    public void Begin(int node, JsonKind kind, long at)
    {
        if (node == JsonTokenizer.RootNode)
        {
            if (kind != JsonKind.Object || _isRootOpen)
            {
                Fail(new RequestFault(RequestFaultCode.NotAnObject, "", at));
            }

            _isRootOpen = true;
            return;
        }

        if (node > KeyNode)
        {
            BeginContent(node, kind, at);
            return;
        }

        var key = (RoutedKey)(KeyNode - node);
        ref var spot = ref _spots[(int)key];
        if (_isFresh)
        {
            _isFresh = false;
            spot = new Spot { At = at };
            CheckKind(key, kind, at);
        }
        else if (kind == JsonKind.Object && key is RoutedKey.Messages or RoutedKey.Input or RoutedKey.Contents)
        {
            _tally.Messages++;
        }

        spot.Open++;
        _stringAt = at;
    }

    public void End(int node, JsonKind kind, long at)
    {
        if (node == JsonTokenizer.RootNode)
        {
            return;
        }

        if (node > KeyNode)
        {
            EndContent(node, kind, at);
            return;
        }

        var key = (RoutedKey)(KeyNode - node);
        ref var spot = ref _spots[(int)key];
        if (kind == JsonKind.String && IsText(key))
        {
            AddText(_stringAt, at);
        }

        if (--spot.Open == 0)
        {
            EndKey(key, kind, new Range((int)spot.At, (int)at));
        }
    }

    public readonly void Text(int node, scoped ReadOnlySpan<byte> part)
    {
    }

    public void Scalar(int node, JsonKind kind, scoped ReadOnlySpan<byte> text, long at)
    {
        if (node == JsonTokenizer.RootNode)
        {
            Fail(new RequestFault(RequestFaultCode.NotAnObject, "", at));
            return;
        }

        if (node > KeyNode)
        {
            _tally.AsciiBytes += node is TextNode or FreeNode ? text.Length : 0;
            return;
        }

        var key = (RoutedKey)(KeyNode - node);
        if (!_isFresh)
        {
            _tally.TokenIds += IsText(key) && kind == JsonKind.Number ? 1 : 0;
            return;
        }

        _isFresh = false;
        CheckKind(key, kind, at);
        TakeScalar(key, kind, text, new Range((int)at, (int)at + text.Length));
    }

    private int EnterKey(RoutedKey parent, scoped ReadOnlySpan<byte> name, long at, int unknown)
    {
        var key = RoutedKeys.Match(parent, name, out var isExact);
        if (key == RoutedKey.None)
        {
            return unknown;
        }

        var bit = 1UL << (int)key;
        if (!isExact)
        {
            Fail(new RequestFault(RequestFaultCode.CaseVariant, key.Name(), at));
        }
        else if ((_seen & bit) != 0)
        {
            Fail(new RequestFault(RequestFaultCode.DuplicateKey, key.Name(), at));
        }

        _seen |= bit;
        _isFresh = true;
        return KeyNode - (int)key;
    }

    private void CheckKind(RoutedKey key, JsonKind kind, long at)
    {
        // Of a picture it says what is behind it.
        var wanted = _isMedia && key == RoutedKey.Background ? WantedKind.Any : key.Wanted(_dialect);
        if (!wanted.Allows(kind))
        {
            Fail(new RequestFault(RequestFaultCode.WrongType, key.Name(), at, wanted.Words()));
        }
    }

    private void TakeScalar(RoutedKey key, JsonKind kind, scoped ReadOnlySpan<byte> text, Range value)
    {
        switch (key)
        {
            case RoutedKey.Stream:
                _streamValue = value;
                _stream = kind == JsonKind.True;
                break;
            case RoutedKey.StreamOptions:
                _streamOptions = value;
                break;
            case RoutedKey.IncludeUsage:
                _includeUsageValue = value;
                _includeUsage = kind == JsonKind.True;
                break;
            case RoutedKey.Background when kind == JsonKind.True && !_isMedia:
                _traits |= RequestTraits.StoredState;
                break;
            case RoutedKey.MaxTokens or RoutedKey.MaxCompletionTokens or RoutedKey.MaxOutputTokens
                or RoutedKey.GeminiMaxOutput when kind == JsonKind.Number:
                _maxOutput = Math.Max(_maxOutput, Whole(key, text, value, 0, int.MaxValue));
                break;
            case RoutedKey.N or RoutedKey.BestOf or RoutedKey.CandidateCount when kind == JsonKind.Number:
                _answers = Math.Max(_answers, (int)Whole(key, text, value, 1, RoutedKeyKinds.AnswersMax));
                break;
        }
    }

    private long Whole(RoutedKey key, scoped ReadOnlySpan<byte> text, Range value, long min, long max)
    {
        if (text.IndexOfAny(".eE"u8) >= 0)
        {
            Fail(new RequestFault(RequestFaultCode.WrongType, key.Name(), value.Start.Value, "a whole number"));
            return min;
        }

        if (Utf8Parser.TryParse(text, out long number, out var used) && used == text.Length
            && number >= min && number <= max)
        {
            return number;
        }

        var wanted = $"a whole number from {min} to {max}";
        Fail(new RequestFault(RequestFaultCode.OutOfRange, key.Name(), value.Start.Value, wanted));
        return min;
    }

    private void EndKey(RoutedKey key, JsonKind kind, Range value)
    {
        var (start, end) = (value.Start.Value, value.End.Value);
        switch (key)
        {
            case RoutedKey.Model:
                _model = value;
                CheckModel(value);
                break;
            case RoutedKey.StreamOptions:
                _streamOptions = value;
                break;
            case RoutedKey.Tools or RoutedKey.Functions:
                _tally.ToolBytes += end - start;
                _tally.HasTools |= end - start > 2;
                break;
            case RoutedKey.ResponseFormat or RoutedKey.TextFormat or RoutedKey.OutputConfig
                or RoutedKey.ResponseSchema:
                _tally.ToolBytes += end - start;
                break;
            case RoutedKey.PromptCacheKey or RoutedKey.CachedContent or RoutedKey.UserId when kind == JsonKind.String:
                _affinity = value;
                break;
            case RoutedKey.ServiceTier or RoutedKey.Speed:
                _traits |= _body[value].SequenceEqual("\"auto\""u8) || _body[value].SequenceEqual("\"default\""u8)
                    ? RequestTraits.None : RequestTraits.ServiceTier;
                break;
            case RoutedKey.WebSearchOptions:
                _traits |= RequestTraits.ServerTools;
                break;
            case RoutedKey.Audio or RoutedKey.ResponseModalities:
                _traits |= RequestTraits.MediaOutput;
                break;
            case RoutedKey.PreviousResponse or RoutedKey.Conversation:
                _traits |= RequestTraits.StoredState;
                break;
        }
    }

    // Control characters and halves of surrogate pairs are what parsers disagree about, so no model has them.
    private void CheckModel(Range value)
    {
        Span<byte> scratch = stackalloc byte[RequestScanner.ModelBytesMax];
        var quoted = _body[value];
        var length = quoted.Length <= 6 * scratch.Length + 2 ? Unescape(quoted[1..^1], scratch) : -1;
        if (length <= 0 || scratch[..length].IndexOfAnyInRange((byte)0, (byte)0x1F) >= 0)
        {
            Fail(new RequestFault(RequestFaultCode.ModelTooLong, "model", value.Start.Value));
        }
    }

    private void Fail(RequestFault fault)
    {
        if (_fault.Code == RequestFaultCode.None)
        {
            _fault = fault;
        }
    }

    private record struct Spot
    {
        public long At { get; set; }
        public int Open { get; set; }
    }

    [InlineArray(64)]
    private struct Spots
    {
        private Spot _first;
    }
}
