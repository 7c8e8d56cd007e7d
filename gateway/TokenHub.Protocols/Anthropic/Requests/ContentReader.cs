using System.Text.Json;
using TokenHub.Core.Snapshots;
using TokenHub.Protocols.Chat;
using TokenHub.Protocols.Codecs;
using TokenHub.Protocols.Json;

namespace TokenHub.Protocols.Anthropic.Requests;

/// <summary>Reads the system's text, the messages and the tools of a request.</summary>
internal sealed class ContentReader(ReadOnlyMemory<byte> body, ChatRequest request)
{
    // Claude Code's own accounting, another one with every prompt: it would spoil other providers' caches.
    private const string BillingHeader = "x-anthropic-billing-header:";

    public void ReadSystem(JsonElement? system)
    {
        var turn = new ChatTurn(ChatRole.System);
        if (system is { } given)
        {
            AddContent(turn.Parts, given, "system");
            turn.Parts.RemoveAll(part =>
                part is TextPart text && text.Text.StartsWith(BillingHeader, StringComparison.Ordinal));
        }

        request.Turns.AddTurn(turn);
    }

    public void ReadMessages(JsonElement? messages)
    {
        if (messages is not { ValueKind: JsonValueKind.Array } list)
        {
            throw new UntranslatableException("messages must be an array.", "messages");
        }

        var number = 0;
        foreach (var message in list.EnumerateArray())
        {
            var path = $"messages.{number++}";
            var turn = new ChatTurn(message.Get("role").AsText() switch
            {
                "user" => ChatRole.User,
                "assistant" => ChatRole.Assistant,
                "system" => ChatRole.System,
                _ => throw new UntranslatableException("The role must be user, assistant or system.", $"{path}.role"),
            });
            if (message.Get("content") is not { } content)
            {
                throw new UntranslatableException("A message must have content.", $"{path}.content");
            }

            AddContent(turn.Parts, content, $"{path}.content");
            if (turn.Parts.Count > 0 && message.Get("cache_control") is { } cache)
            {
                turn.Parts[^1].Cache ??= CacheOf(cache);
            }

            foreach (var member in message.EnumerateObject())
            {
                if (member.Name is not ("role" or "content" or "cache_control"))
                {
                    request.Others[$"{path}.{member.Name}"] = member.Value;
                }
            }

            request.Turns.AddTurn(turn);
        }
    }

    public void ReadTools(JsonElement tools)
    {
        foreach (var tool in ((JsonElement?)tools).Items())
        {
            var name = tool.Get("name").AsText();
            var type = tool.Get("type").AsText();
            if (type is not (null or "custom"))
            {
                request.Tools.Add(new ChatTool(ToolKind.Server, name ?? type)
                {
                    Source = tool, SourceDialect = Dialect.Anthropic,
                });
                continue;
            }

            request.Tools.Add(new ChatTool(
                ToolKind.Function,
                request.ToolBook.Add(name ?? throw new UntranslatableException("A tool must have a name.", "tools")))
            {
                Description = tool.Get("description").AsText(),
                Parameters = tool.Get("input_schema")?.Object("tools.input_schema"),
                Strict = tool.Get("strict").AsFlag(),
                Cache = CacheOf(tool.Get("cache_control")),
                Source = tool,
                SourceDialect = Dialect.Anthropic,
            });
        }
    }

    public static CacheMark? CacheOf(JsonElement? cache) =>
        cache?.Get("type").AsText() == "ephemeral" ? new CacheMark(cache?.Get("ttl").AsText()) : null;

    private void AddContent(List<ChatPart> parts, JsonElement content, string path)
    {
        if (content.ValueKind == JsonValueKind.String)
        {
            Add(parts, new TextPart(content.GetString()!));
            return;
        }

        if (content.ValueKind != JsonValueKind.Array)
        {
            throw new UntranslatableException("Content must be a text or an array of blocks.", path);
        }

        var number = 0;
        foreach (var block in content.EnumerateArray())
        {
            var part = ReadBlock(block, $"{path}.{number++}");
            part.Cache = CacheOf(block.Get("cache_control"));
            Add(parts, part);
        }
    }

    // An empty text says nothing and is refused by every provider that looks.
    private static void Add(List<ChatPart> parts, ChatPart part)
    {
        if (part is not TextPart { Text: "" })
        {
            parts.Add(part);
        }
    }

    private ChatPart ReadBlock(JsonElement block, string path) => block.Get("type").AsText() switch
    {
        "text" => new TextPart(block.Get("text").AsText() ?? ""),
        "image" => ReadMedia(MediaKind.Image, block, path),
        "document" => ReadMedia(MediaKind.Document, block, path),
        "search_result" => new MediaPart(MediaKind.Document)
        {
            MimeType = "text/plain",
            Text = TextOf(block.Get("content")),
            Name = block.Get("title").AsText(),
            Context = block.Get("source").AsText(),
        },
        "tool_use" => new CallPart(
            block.Get("id").AsText() ?? "",
            ToolBook.ToldName(block.Get("name").AsText() ?? ""),
            block.Get("input") is { } input ? input.GetRawText() : "{}")
        {
            Caller = block.Get("caller"),
        },
        "tool_result" => ReadResult(block, path),
        "thinking" => new ReasoningPart(
            block.Get("thinking").AsText() ?? "", Slot(block.Get("signature"), OpaqueKind.Reasoning)),
        "redacted_thinking" => new ReasoningPart("", Slot(block.Get("data"), OpaqueKind.Redacted)),
        { } type => new ForeignPart(Dialect.Anthropic, type, block),
        null => throw new UntranslatableException("A block must have a type.", path),
    };

    private static OpaqueItem? Slot(JsonElement? slot, OpaqueKind kind) =>
        OpaqueCarrier.ReadSlot(slot.AsText() ?? "", Dialect.Anthropic, kind);

    private ResultPart ReadResult(JsonElement block, string path)
    {
        var parts = new List<ChatPart>();
        if (block.Get("content") is { } content)
        {
            AddContent(parts, content, $"{path}.content");
        }

        return new ResultPart(
            block.Get("tool_use_id").AsText()
                ?? throw new UntranslatableException("A result must name its call.", $"{path}.tool_use_id"),
            parts)
        {
            IsError = block.Get("is_error").AsFlag() ?? false,
        };
    }

    private MediaPart ReadMedia(MediaKind kind, JsonElement block, string path)
    {
        var source = block.Get("source");
        var media = new MediaPart(kind)
        {
            MimeType = source?.Get("media_type").AsText() ?? "",
            Name = block.Get("title").AsText(),
            Context = block.Get("context").AsText(),
        };
        switch (source?.Get("type").AsText())
        {
            case "base64":
                media.Base64 = source?.Get("data").AsBytes(body) ?? default;
                break;
            case "url":
                media.Url = source?.Get("url").AsText();
                break;
            case "file":
                media.FileId = source?.Get("file_id").AsText();
                break;
            case "text":
                media.Text = source?.Get("data").AsText() ?? "";
                break;
            case "content":
                media.MimeType = "text/plain";
                media.Text = TextOf(source?.Get("content"));
                if (source?.Get("content").Items().Any(inner => inner.Get("type").AsText() != "text") is true)
                {
                    request.Others[$"{path}.source.content"] = block;
                }

                break;
            default:
                throw new UntranslatableException("The source is not known.", $"{path}.source");
        }

        if (block.Get("citations")?.Get("enabled").AsFlag() is true)
        {
            request.Others[$"{path}.citations"] = block.Get("citations")!.Value;
        }

        return media;
    }

    private static string TextOf(JsonElement? content) =>
        content.AsText() ?? string.Join("\n\n", content.Items().Select(block => block.Get("text").AsText() ?? ""));
}
