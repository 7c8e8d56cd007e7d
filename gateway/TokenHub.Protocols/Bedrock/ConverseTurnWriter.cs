using System.Text.Json;
using TokenHub.Core.Snapshots;
using TokenHub.Protocols.Chat;
using TokenHub.Protocols.Codecs;

namespace TokenHub.Protocols.Bedrock;

/// <summary>
/// Writes system and messages: instructions before the first word go to <c>system</c>, later ones stand where they are
/// as the user's; neighbours of one role are one message, and no text is blank.
/// </summary>
internal sealed class ConverseTurnWriter(
    Utf8JsonWriter json, ChatRequest request, UpstreamModel model, ConverseModel facts)
{
    private readonly ConverseMediaWriter _media = new(json);
    private string? _role;
    private bool _hasText;
    private bool _hasDocument;

    /// <summary>The tools that were called in the conversation so far.</summary>
    public SortedSet<string> CalledTools { get; } = new(StringComparer.Ordinal);

    public void Write(Dropped dropped)
    {
        var at = WriteSystem();
        json.WriteStartArray("messages"u8);
        foreach (var turn in request.Turns.Skip(at))
        {
            foreach (var part in turn.Parts)
            {
                WritePart(turn, part, dropped);
            }
        }

        EndMessage();
        json.WriteEndArray();
    }

    private int WriteSystem()
    {
        var count = request.Turns.TakeWhile(turn => turn.IsInstruction).Count();
        var texts = request.Turns.Take(count).SelectMany(turn => turn.Parts).OfType<TextPart>()
            .Where(text => !string.IsNullOrWhiteSpace(text.Text)).ToList();
        if (texts.Count > 0)
        {
            json.WriteStartArray("system"u8);
            foreach (var text in texts)
            {
                WriteText(text.Text);
                WriteCache(text.Cache);
            }

            json.WriteEndArray();
        }

        return count;
    }

    private void WritePart(ChatTurn turn, ChatPart part, Dropped dropped)
    {
        var role = turn.Role == ChatRole.Assistant ? "assistant" : "user";
        switch (part)
        {
            case TextPart { Text: var text }:
                WriteTextPart(role, text);
                break;
            case RefusalPart { Text: var text }:
                WriteTextPart(role, text);
                break;
            case MediaPart media:
                BeginMessage(role);
                if (media.Text is { } inside && media.Kind == MediaKind.Document && media.Name is null)
                {
                    WriteTextPart(role, inside);
                }
                else
                {
                    _media.Write(media);
                    _hasDocument |= media.Kind == MediaKind.Document;
                }

                break;
            case ReasoningPart { Opaque: { } opaque } thought when opaque.IsFor(Dialect.Converse, model.Name):
                BeginMessage(role);
                WriteThought(thought.Text, opaque);
                break;
            case CallPart call:
                BeginMessage(role);
                WriteCall(call, dropped);
                break;
            case ResultPart result:
                BeginMessage(role);
                WriteResult(result, dropped);
                break;
            case ForeignPart foreign:
                dropped.Add(foreign.Kind);
                break;
        }

        WriteCache(_role == role ? part.Cache : null);
    }

    private void WriteTextPart(string role, string text)
    {
        if (!string.IsNullOrWhiteSpace(text))
        {
            BeginMessage(role);
            WriteText(text);
            _hasText = true;
        }
    }

    private void BeginMessage(string role)
    {
        if (_role == role)
        {
            return;
        }

        EndMessage();

        // The first word is the user's.
        if (_role is null && role == "assistant")
        {
            BeginMessage("user");
            WriteText("(continued)");
            EndMessage();
        }

        (_role, _hasText, _hasDocument) = (role, false, false);
        json.WriteStartObject();
        json.WriteString("role"u8, role);
        json.WriteStartArray("content"u8);
    }

    private void EndMessage()
    {
        if (_role is null)
        {
            return;
        }

        if (_hasDocument && !_hasText)
        {
            // A document is not taken without a word about it.
            WriteText("(see the document)");
        }

        json.WriteEndArray();
        json.WriteEndObject();
    }

    private void WriteText(string text)
    {
        json.WriteStartObject();
        json.WriteString("text"u8, text);
        json.WriteEndObject();
    }

    private void WriteCache(CacheMark? mark)
    {
        if (mark is null || !facts.TakesCachePoints)
        {
            return;
        }

        json.WriteStartObject();
        json.WriteStartObject("cachePoint"u8);
        json.WriteString("type"u8, "default"u8);
        if (mark.Ttl is { } ttl)
        {
            json.WriteString("ttl"u8, ttl);
        }

        json.WriteEndObject();
        json.WriteEndObject();
    }

    private void WriteThought(string text, OpaqueItem opaque)
    {
        json.WriteStartObject();
        json.WriteStartObject("reasoningContent"u8);
        if (opaque.Kind == OpaqueKind.Redacted)
        {
            json.WriteString("redactedContent"u8, opaque.Data);
        }
        else
        {
            json.WriteStartObject("reasoningText"u8);
            json.WriteString("text"u8, text);
            json.WriteString("signature"u8, opaque.Data);
            json.WriteEndObject();
        }

        json.WriteEndObject();
        json.WriteEndObject();
    }

    private void WriteCall(CallPart call, Dropped dropped)
    {
        CalledTools.Add(call.Name);
        json.WriteStartObject();
        json.WriteStartObject("toolUse"u8);
        json.WriteString("toolUseId"u8, ConverseIds.Fit(call.Id, facts.CallIdChars));
        json.WriteString("name"u8, call.Name);
        json.WritePropertyName("input"u8);
        if (!json.WriteArguments(call))
        {
            dropped.Add("arguments");
        }

        json.WriteEndObject();
        json.WriteEndObject();
    }

    private void WriteResult(ResultPart result, Dropped dropped)
    {
        json.WriteStartObject();
        json.WriteStartObject("toolResult"u8);
        json.WriteString("toolUseId"u8, ConverseIds.Fit(result.CallId, facts.CallIdChars));
        json.WriteStartArray("content"u8);
        var count = 0;
        if (result.IsError && !facts.TakesStatus)
        {
            WriteText("Error:");
            count++;
        }

        foreach (var part in result.Content)
        {
            switch (part)
            {
                case TextPart { Text: var text } when !string.IsNullOrWhiteSpace(text):
                    WriteText(text);
                    count++;
                    break;
                case MediaPart media:
                    _media.Write(media);
                    count++;
                    break;
                case ForeignPart foreign:
                    dropped.Add(foreign.Kind);
                    break;
            }
        }

        if (count == 0)
        {
            WriteText("(no output)");
        }

        json.WriteEndArray();
        if (result.IsError && facts.TakesStatus)
        {
            json.WriteString("status"u8, "error"u8);
        }

        json.WriteEndObject();
        json.WriteEndObject();
    }
}
