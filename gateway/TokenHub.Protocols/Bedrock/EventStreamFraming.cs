using System.Buffers;
using System.Buffers.Text;
using System.Text;
using System.Text.Json;
using TokenHub.Core.Snapshots;
using TokenHub.Protocols.Json;
using TokenHub.Protocols.Upstreams;

namespace TokenHub.Protocols.Bedrock;

/// <summary>
/// Makes events of Bedrock's frames. Claude's chunks hold Anthropic's own events, which come out as Anthropic streams
/// them; Converse's frames come out as events of their names. An exception becomes Anthropic's error event, and is the
/// last.
/// </summary>
public sealed class EventStreamFraming(Dialect dialect) : IAnswerFraming
{
    /// <summary>The type under which frames come.</summary>
    public const string ContentType = "application/vnd.amazon.eventstream";

    private readonly EventStreamReader _frames = new();
    private byte[] _text = [];
    private bool _isOver;

    public bool Append(ReadOnlySpan<byte> bytes, IBufferWriter<byte> output)
    {
        _frames.Append(bytes);
        while (true)
        {
            switch (_frames.TryRead(out var frame))
            {
                case FrameState.Partial:
                    return true;
                case FrameState.Damaged:
                    _isOver = true;
                    return false;
            }

            if (!_isOver)
            {
                Write(frame, output);
            }
        }
    }

    public bool Complete(IBufferWriter<byte> output) => _frames.IsBetweenFrames;

    private void Write(in EventStreamFrame frame, IBufferWriter<byte> output)
    {
        if (!frame.MessageType.IsEmpty && !frame.MessageType.SequenceEqual("event"u8))
        {
            _isOver = true;
            WriteError(frame, output);
        }
        else if (dialect == Dialect.Anthropic)
        {
            WriteChunk(frame, output);
        }
        else if (!frame.Name.IsEmpty && frame.Payload.StartsWith("{"u8))
        {
            WriteEvent(output, frame.Name, frame.Payload);
        }
    }

    // {"bytes":"<an event in base64>","p":"padding"}; what is no event keeps the connection alive.
    private void WriteChunk(in EventStreamFrame frame, IBufferWriter<byte> output)
    {
        try
        {
            var text = ReadChunk(frame.Payload);
            if (TypeOf(text) is { IsEmpty: false } type)
            {
                WriteEvent(output, type, text);
            }
        }
        catch (JsonException)
        {
            // No JSON: no event.
        }
    }

    private ReadOnlySpan<byte> ReadChunk(ReadOnlySpan<byte> payload)
    {
        var json = new Utf8JsonReader(payload);
        while (json.Read())
        {
            if (json is not { TokenType: JsonTokenType.PropertyName, CurrentDepth: 1 }
                || !json.NameIs("bytes"u8))
            {
                continue;
            }

            json.Read();
            if (json.TokenType != JsonTokenType.String)
            {
                break;
            }

            var length = json.ValueSpan.Length;
            if (_text.Length < length)
            {
                _text = new byte[Math.Max(length, _text.Length * 2)];
            }

            // Unescaped first: a slash may be written as two characters.
            var copied = json.CopyString(_text);
            return Base64.DecodeFromUtf8InPlace(_text.AsSpan(0, copied), out var written) == OperationStatus.Done
                ? _text.AsSpan(0, written)
                : default;
        }

        return default;
    }

    private static ReadOnlySpan<byte> TypeOf(ReadOnlySpan<byte> text)
    {
        if (text.IsEmpty)
        {
            return default;
        }

        var json = new Utf8JsonReader(text);
        while (json.Read())
        {
            if (json is { TokenType: JsonTokenType.PropertyName, CurrentDepth: 1 } && json.NameIs("type"u8))
            {
                json.Read();
                return json.TokenType == JsonTokenType.String && !json.ValueSpan.ContainsAny("\r\n\\"u8)
                    ? json.ValueSpan
                    : default;
            }

            if (json is { CurrentDepth: 1, TokenType: JsonTokenType.StartObject or JsonTokenType.StartArray })
            {
                json.Skip();
            }
        }

        return default;
    }

    private static void WriteEvent(IBufferWriter<byte> output, ReadOnlySpan<byte> name, ReadOnlySpan<byte> data)
    {
        output.Write("event: "u8);
        output.Write(name);
        output.Write("\ndata: "u8);

        // Between the values of a document a line end is as good as a blank, and an event has one line.
        while (data.IndexOfAny((byte)'\n', (byte)'\r') is >= 0 and var end)
        {
            output.Write(data[..end]);
            output.Write(" "u8);
            data = data[(end + 1)..];
        }

        output.Write(data);
        output.Write("\n\n"u8);
    }

    private static void WriteError(in EventStreamFrame frame, IBufferWriter<byte> output)
    {
        var message = frame.Message.IsEmpty
            ? BedrockErrors.MessageOf(frame.Payload)
            : Encoding.UTF8.GetString(frame.Message);
        output.Write("event: error\ndata: "u8);
        ProviderErrors.Write(output, BedrockErrors.TypeOf(Encoding.UTF8.GetString(frame.Name)), message);
        output.Write("\n\n"u8);
    }
}
