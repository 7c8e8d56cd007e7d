using System.Buffers;
using System.Text.Json;
using TokenHub.Core.Snapshots;
using TokenHub.Protocols.Json;

namespace TokenHub.Protocols.Chat;

/// <summary>
/// Takes carriers out of a request that otherwise passes as it is: a conversation that has moved to an upstream of the
/// client's own protocol may hold thoughts of another one, which this one would refuse. What it issued itself comes
/// back bit for bit; every other byte of the body is the caller's own.
/// </summary>
public static class CarrierStrip
{
    private static ReadOnlySpan<byte> Mark => "\"th1."u8;

    /// <summary>False, at the price of one search, for nearly every body there is.</summary>
    public static bool IsNeeded(Dialect dialect, ReadOnlySpan<byte> body) =>
        dialect is Dialect.Anthropic or Dialect.Responses or Dialect.Gemini && body.IndexOf(Mark) >= 0;

    /// <summary>Writes the body without what the model cannot read.</summary>
    public static void Write(Dialect dialect, string model, ReadOnlySpan<byte> body, IBufferWriter<byte> output)
    {
        var walk = new Walk(dialect, model);
        var json = JsonRaw.NewReader(body);
        while (json.Read())
        {
            walk.Take(ref json);
        }

        var from = 0;
        foreach (var (start, end, text) in walk.Changes.OrderBy(change => change.Start))
        {
            var (cutFrom, cutTo) = text is null ? WithComma(body, from, start, end) : (start, end);
            output.Write(body[from..cutFrom]);
            output.Write(text);
            from = cutTo;
        }

        output.Write(body[from..]);
    }

    // Of what is left out goes the comma before it, or behind it where there is none before that is still there.
    private static (int From, int To) WithComma(ReadOnlySpan<byte> body, int passed, int start, int end)
    {
        var before = body[passed..start].LastIndexOfAnyExcept(" \t\r\n"u8);
        if (before >= 0 && body[passed + before] == ',')
        {
            return (passed + before, end);
        }

        var after = body[end..].IndexOfAnyExcept(" \t\r\n"u8);
        return after >= 0 && body[end + after] == ',' ? (start, end + after + 1) : (start, end);
    }

    private sealed class Walk(Dialect dialect, string model)
    {
        private readonly Stack<Frame> _open = new();
        private string _name = "";
        private int _nameStart;

        /// <summary>What to put in place of a range; null leaves it out.</summary>
        public List<(int Start, int End, byte[]? Text)> Changes { get; private set; } = [];

        public void Take(ref Utf8JsonReader json)
        {
            switch (json.TokenType)
            {
                case JsonTokenType.PropertyName:
                    (_name, _nameStart) = (JsonText.Unescape(json.ValueSpan), (int)json.TokenStartIndex);
                    return;
                case JsonTokenType.StartObject or JsonTokenType.StartArray:
                    Count();
                    _open.Push(new Frame((int)json.TokenStartIndex, json.TokenType == JsonTokenType.StartArray));
                    break;
                case JsonTokenType.EndObject or JsonTokenType.EndArray:
                    End(_open.Pop(), (int)json.BytesConsumed);
                    break;
                default:
                    Count();
                    if (json.TokenType == JsonTokenType.String)
                    {
                        TakeString(ref json);
                    }

                    break;
            }

            _name = "";
        }

        private void Count()
        {
            if (_open.TryPeek(out var parent) && parent.IsArray)
            {
                parent.Elements++;
            }
        }

        private void TakeString(ref Utf8JsonReader json)
        {
            var frame = _open.Peek();
            if (_name == "type")
            {
                frame.Type = JsonText.Unescape(json.ValueSpan);
            }
            else if (IsSlot(_name) && json.ValueSpan.StartsWith(OpaqueCarrier.PrefixUtf8))
            {
                var (start, end) = ((int)json.TokenStartIndex, (int)json.BytesConsumed);
                var slot = JsonText.Unescape(json.ValueSpan);
                if (OpaqueCarrier.TryRead(slot, out var item) && item.IsFor(dialect, model))
                {
                    var text = new ArrayBufferWriter<byte>();
                    JsonText.Write(text, item.Data);
                    frame.Unwrapped.Add((start, end, text.WrittenMemory.ToArray()));
                }
                else if (dialect == Dialect.Gemini)
                {
                    Changes.Add((_nameStart, end, null));
                }
                else
                {
                    frame.IsForeign = true;
                }
            }
        }

        private void End(Frame frame, int end)
        {
            if (frame.IsArray)
            {
                // A turn that was nothing but thoughts is none any more.
                if (frame.Dropped > 0 && frame.Dropped == frame.Elements && dialect == Dialect.Anthropic
                    && _open.TryPeek(out var turn))
                {
                    turn.IsEmpty = true;
                }

                return;
            }

            var isItem = dialect == Dialect.Gemini || frame.Type is "thinking" or "redacted_thinking" or "reasoning";
            if (isItem)
            {
                Changes.AddRange(frame.Unwrapped);
            }

            if (((frame.IsForeign && isItem) || frame.IsEmpty) && _open.TryPeek(out var list) && list.IsArray)
            {
                list.Dropped++;
                Changes.RemoveAll(change => change.Start > frame.Start);
                Changes.Add((frame.Start, end, null));
            }
        }

        private bool IsSlot(string name) => dialect switch
        {
            Dialect.Anthropic => name is "signature" or "data",
            Dialect.Responses => name is "encrypted_content",
            _ => name is "thoughtSignature" or "thought_signature",
        };
    }

    private sealed class Frame(int start, bool isArray)
    {
        public int Start { get; } = start;

        public bool IsArray { get; } = isArray;

        public string Type { get; set; } = "";

        public bool IsForeign { get; set; }

        public bool IsEmpty { get; set; }

        public int Elements { get; set; }

        public int Dropped { get; set; }

        public List<(int Start, int End, byte[]? Text)> Unwrapped { get; } = [];
    }
}
