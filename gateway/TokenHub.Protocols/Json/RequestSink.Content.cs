using System.Text;
using TokenHub.Protocols.Json.Tokenizing;
using TokenHub.Protocols.Tokens;

namespace TokenHub.Protocols.Json;

internal ref partial struct RequestSink
{
    // Places inside the content of a request.
    private const int TextNode = -2;
    private const int FreeNode = -3;
    private const int MediaNode = -4;
    private const int PayloadNode = -5;
    private const int MimeNode = -6;
    private const int DirectNode = -7;
    private const int CacheNode = -8;
    private const int TtlNode = -9;
    private const int ToolTypeNode = -10;
    private const int SealedNode = -11;

    private static bool IsText(RoutedKey key) => key is RoutedKey.Messages or RoutedKey.Input or RoutedKey.Prompt
        or RoutedKey.Contents or RoutedKey.System or RoutedKey.Instructions or RoutedKey.SystemInstruction;

    private int EnterContent(int parent, scoped ReadOnlySpan<byte> name)
    {
        switch (parent)
        {
            case MediaNode:
                return EnterMedia(name);
            case CacheNode:
                return name.SequenceEqual("ttl"u8) ? TtlNode : JsonTokenizer.Silent;
            case FreeNode:
                _tally.AddText(name);
                _tally.AsciiBytes += 3;
                return FreeNode;
        }

        if (name.SequenceEqual("cache_control"u8))
        {
            _traits |= RequestTraits.CacheControl;
            return CacheNode;
        }

        if (IsStructure(name))
        {
            return JsonTokenizer.Silent;
        }

        if (IsMediaObject(name))
        {
            return MediaNode;
        }

        if (IsSealed(name))
        {
            return SealedNode;
        }

        return name.SequenceEqual("args"u8) || name.SequenceEqual("response"u8) || name.SequenceEqual("input"u8)
            ? FreeNode : TextNode;
    }

    private static bool IsStructure(ReadOnlySpan<byte> name) =>
        name.SequenceEqual("type"u8) || name.SequenceEqual("role"u8) || name.SequenceEqual("id"u8)
        || name.SequenceEqual("tool_call_id"u8) || name.SequenceEqual("tool_use_id"u8)
        || name.SequenceEqual("call_id"u8) || name.SequenceEqual("status"u8) || name.SequenceEqual("detail"u8);

    // Reasoning that only its provider can read, handed back to it.
    private static bool IsSealed(ReadOnlySpan<byte> name) =>
        name.SequenceEqual("signature"u8) || name.SequenceEqual("encrypted_content"u8)
        || name.SequenceEqual("thoughtSignature"u8) || name.SequenceEqual("thought_signature"u8);

    // Objects that carry a file, and Responses' flat members that are one by themselves.
    private static bool IsMediaObject(ReadOnlySpan<byte> name) =>
        name.SequenceEqual("image_url"u8) || name.SequenceEqual("source"u8) || name.SequenceEqual("inlineData"u8)
        || name.SequenceEqual("inline_data"u8) || name.SequenceEqual("fileData"u8)
        || name.SequenceEqual("file_data"u8) || name.SequenceEqual("file_url"u8) || name.SequenceEqual("file_id"u8)
        || name.SequenceEqual("input_audio"u8) || name.SequenceEqual("file"u8) || name.SequenceEqual("video_url"u8);

    private static int EnterMedia(ReadOnlySpan<byte> name)
    {
        if (name.SequenceEqual("data"u8) || name.SequenceEqual("url"u8) || name.SequenceEqual("file_data"u8)
            || name.SequenceEqual("fileUri"u8) || name.SequenceEqual("file_uri"u8)
            || name.SequenceEqual("file_id"u8) || name.SequenceEqual("file_url"u8))
        {
            return PayloadNode;
        }

        if (name.SequenceEqual("media_type"u8) || name.SequenceEqual("mimeType"u8)
            || name.SequenceEqual("mime_type"u8) || name.SequenceEqual("format"u8))
        {
            return MimeNode;
        }

        // A source may hold blocks of text instead of a file.
        return name.SequenceEqual("content"u8) ? TextNode : JsonTokenizer.Silent;
    }

    private int EnterTool(scoped ReadOnlySpan<byte> name)
    {
        if (name.SequenceEqual("type"u8))
        {
            return ToolTypeNode;
        }

        if (name.SequenceEqual("cache_control"u8))
        {
            _traits |= RequestTraits.CacheControl;
            return CacheNode;
        }

        // Gemini names its own tools by the member.
        if (name.IndexOf("earch"u8) >= 0 || name.SequenceEqual("urlContext"u8) || name.SequenceEqual("url_context"u8)
            || name.SequenceEqual("codeExecution"u8) || name.SequenceEqual("code_execution"u8))
        {
            _traits |= RequestTraits.ServerTools;
        }

        return JsonTokenizer.Silent;
    }

    private void BeginContent(int node, JsonKind kind, long at)
    {
        _stringAt = at;
        if (node != MediaNode)
        {
            return;
        }

        _media = default;
        if (kind == JsonKind.String)
        {
            _media.PayloadAt = at;
        }
    }

    private void EndContent(int node, JsonKind kind, long at)
    {
        switch (node)
        {
            case TextNode or FreeNode when kind == JsonKind.String:
                AddText(_stringAt, at);
                break;
            case SealedNode when kind == JsonKind.String && MediaTally.IsBase64(Quoted(_stringAt, at)):
                // Half: base64 of what is packed stands for fewer tokens than text of its length.
                _tally.AsciiBytes += (at - _stringAt) / 2;
                break;
            case SealedNode when kind == JsonKind.String:
                AddText(_stringAt, at);
                break;
            case PayloadNode when kind == JsonKind.String:
                _media.PayloadAt = _stringAt;
                _media.PayloadEnd = at;
                break;
            case MimeNode when kind == JsonKind.String:
                _media.MimeAt = _stringAt;
                _media.MimeEnd = at;
                break;
            case MediaNode:
                _media.PayloadEnd = kind == JsonKind.String ? at : _media.PayloadEnd;
                EndMedia();
                break;
            case TtlNode when Quoted(_stringAt, at).SequenceEqual("1h"u8):
                _traits |= RequestTraits.CacheOneHour;
                break;
            case ToolTypeNode when IsServerTool(Quoted(_stringAt, at)):
                _traits |= RequestTraits.ServerTools;
                break;
        }
    }

    private static bool IsServerTool(ReadOnlySpan<byte> type) =>
        !type.SequenceEqual("function"u8) && !type.SequenceEqual("custom"u8) && !type.SequenceEqual("namespace"u8);

    private void EndMedia()
    {
        if (_media.PayloadEnd == 0)
        {
            return;
        }

        var payload = Quoted(_media.PayloadAt, _media.PayloadEnd);
        var mime = _media.MimeEnd == 0 ? default : Quoted(_media.MimeAt, _media.MimeEnd);
        if (!MediaTally.TryCount(payload, mime, ref _tally))
        {
            AddText(_media.PayloadAt, _media.PayloadEnd);
        }

        _media = default;
    }

    private readonly ReadOnlySpan<byte> Quoted(long at, long end) => _body[(int)(at + 1)..(int)(end - 1)];

    private void AddText(long at, long end)
    {
        var text = Quoted(at, end);
        while (!text.IsEmpty)
        {
            var escape = text.IndexOf((byte)'\\');
            _tally.AddText(escape < 0 ? text : text[..escape]);
            if (escape < 0)
            {
                return;
            }

            text = text[escape..];
            _tally.AddRune(JsonText.ReadEscape(ref text));
        }
    }

    // -1 when it is longer than the room given or holds half a surrogate pair.
    private static int Unescape(ReadOnlySpan<byte> text, Span<byte> room)
    {
        var length = 0;
        while (!text.IsEmpty)
        {
            var escape = text.IndexOf((byte)'\\');
            var run = escape < 0 ? text : text[..escape];
            if (run.Length > room.Length - length)
            {
                return -1;
            }

            run.CopyTo(room[length..]);
            length += run.Length;
            text = text[run.Length..];
            if (text.IsEmpty)
            {
                break;
            }

            var rune = JsonText.ReadEscape(ref text);
            if (rune == Rune.ReplacementChar || !rune.TryEncodeToUtf8(room[length..], out var written))
            {
                return -1;
            }

            length += written;
        }

        return length;
    }
}
