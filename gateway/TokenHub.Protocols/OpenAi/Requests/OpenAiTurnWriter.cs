using System.Text;
using System.Text.Json;
using TokenHub.Core.Snapshots;
using TokenHub.Protocols.Chat;
using TokenHub.Protocols.Codecs;
using TokenHub.Protocols.Json;

namespace TokenHub.Protocols.OpenAi.Requests;

/// <summary>
/// Writes turns as the messages of a Chat request: one assistant message with all its calls, a tool message for each
/// result directly behind it, and what Chat's tools cannot give in the user's words after that.
/// </summary>
internal sealed class OpenAiTurnWriter(OpenAiRequestRun run)
{
    private readonly Utf8JsonWriter _json = run.Json;

    public void Write()
    {
        var turns = run.Request.Turns;
        var lastAsked = turns.FindLastIndex(turn =>
            turn.Role == ChatRole.User && turn.Parts.Exists(part => part is not ResultPart));
        _json.WriteStartArray("messages"u8);
        for (var i = 0; i < turns.Count; i++)
        {
            switch (turns[i].Role)
            {
                case ChatRole.Assistant:
                    WriteAssistant(turns[i], isUnderWay: i > lastAsked);
                    break;
                case ChatRole.User:
                    WriteUser(turns[i]);
                    break;
                default:
                    WriteMessage(run.Facts.InstructionRole, turns[i].Name, Say(turns[i].Parts));
                    break;
            }
        }

        _json.WriteEndArray();
    }

    private void WriteUser(ChatTurn turn)
    {
        var said = new List<ChatPart>();
        foreach (var result in turn.Parts.OfType<ResultPart>())
        {
            WriteResult(result, said);
        }

        said.AddRange(turn.Parts.Where(part => part is not ResultPart));
        WriteMessage("user", turn.Name, Say(said));
    }

    private void WriteResult(ResultPart result, List<ChatPart> said)
    {
        var id = CallPairing.Fit(result.CallId);
        var media = result.Content.FindAll(part => part is MediaPart { Text: null });
        var text = ResultText(result);
        if (media.Count > 0)
        {
            said.Add(new TextPart($"From the tool call {id}:"));
            said.AddRange(media);
            text = text.Length > 0 ? text : "The result follows in the next message.";
        }

        foreach (var foreign in result.Content.OfType<ForeignPart>())
        {
            run.Dropped.Add(foreign.Kind);
        }

        _json.WriteStartObject();
        _json.WriteString("role"u8, "tool"u8);
        _json.WriteString("tool_call_id"u8, id);
        _json.WriteString("content"u8, text);
        _json.WriteEndObject();
    }

    /// <summary>The text of a result; OpenAI's tools cannot say otherwise that something failed.</summary>
    public static string ResultText(ResultPart result)
    {
        var text = string.Join('\n', result.Content.Select(TextOf).Where(text => text is not null));
        return !result.IsError || text.StartsWith("Error", StringComparison.OrdinalIgnoreCase) ? text
            : text.Length > 0 ? $"Error: {text}" : "Error";
    }

    private static string? TextOf(ChatPart part) => part switch
    {
        TextPart text => text.Text,
        RefusalPart refusal => refusal.Text,
        MediaPart { Text: { } text } => text,
        _ => null,
    };

    private void WriteMessage(string role, string? name, List<ChatPart> parts)
    {
        if (parts.Count == 0)
        {
            return;
        }

        _json.WriteStartObject();
        _json.WriteString("role"u8, role);
        if (name is { Length: > 0 })
        {
            _json.WriteString("name"u8, name);
        }

        _json.WritePropertyName("content"u8);
        if (parts is [TextPart { Cache: null } only])
        {
            _json.WriteStringValue(only.Text);
        }
        else
        {
            var writer = new OpenAiPartWriter(run);
            _json.WriteStartArray();
            parts.ForEach(writer.Write);
            _json.WriteEndArray();
        }

        _json.WriteEndObject();
    }

    // What Chat has no part for is left out before it is known whether anything remains.
    private List<ChatPart> Say(List<ChatPart> parts)
    {
        var said = new List<ChatPart>(parts.Count);
        foreach (var part in parts)
        {
            switch (part)
            {
                case ForeignPart { Dialect: not Dialect.Chat } foreign:
                    run.Dropped.Add(foreign.Kind);
                    break;
                case ReasoningPart or CallPart or ResultPart or TextPart { Text.Length: 0 }:
                    break;
                default:
                    said.Add(part is TextPart text && !run.TakesCacheMarks ? new TextPart(text.Text) : part);
                    break;
            }
        }

        return said;
    }

    private void WriteAssistant(ChatTurn turn, bool isUnderWay)
    {
        var text = TextOf(turn);
        var refusal = string.Concat(turn.Parts.OfType<RefusalPart>().Select(part => part.Text));
        var calls = turn.Parts.OfType<CallPart>().ToList();
        ReportForeign(turn);
        if (text.Length == 0 && refusal.Length == 0 && calls.Count == 0)
        {
            return;
        }

        _json.WriteStartObject();
        _json.WriteString("role"u8, "assistant"u8);
        if (turn.Name is { Length: > 0 } name)
        {
            _json.WriteString("name"u8, name);
        }

        // A server that only resembles OpenAI's may not know the member for refusals.
        text = run.Model.IsCompatible ? text + refusal : text;
        if (text.Length > 0 || calls.Count == 0)
        {
            _json.WriteString("content"u8, text);
        }
        else
        {
            _json.WriteNull("content"u8);
        }

        if (refusal.Length > 0 && !run.Model.IsCompatible)
        {
            _json.WriteString("refusal"u8, refusal);
        }

        WriteReasoning(turn, isUnderWay);
        WriteCalls(calls);
        _json.WriteEndObject();
    }

    private void ReportForeign(ChatTurn turn)
    {
        foreach (var part in turn.Parts)
        {
            if (part is ForeignPart foreign)
            {
                run.Dropped.Add(foreign.Kind);
            }
            else if (part is MediaPart media)
            {
                run.Dropped.Add(media.Kind.ToString().ToLowerInvariant());
            }
        }
    }

    // Pieces of one text follow one another; what is parted by something else was two texts.
    private static string TextOf(ChatTurn turn)
    {
        var all = new StringBuilder();
        ChatPart? last = null;
        foreach (var part in turn.Parts)
        {
            if (part is TextPart { Text.Length: > 0 } text)
            {
                all.Append(all.Length > 0 && last is not TextPart ? "\n\n" : "").Append(text.Text);
            }

            last = part;
        }

        return all.ToString();
    }

    private void WriteCalls(List<CallPart> calls)
    {
        if (calls.Count == 0)
        {
            return;
        }

        _json.WriteStartArray("tool_calls"u8);
        foreach (var call in calls)
        {
            var isFreeForm = call.IsFreeForm && run.TakesFreeForm;
            _json.WriteStartObject();
            _json.WriteString("id"u8, CallPairing.Fit(call.Id));
            _json.WriteString("type"u8, isFreeForm ? "custom"u8 : "function"u8);
            _json.WriteStartObject(isFreeForm ? "custom"u8 : "function"u8);
            _json.WriteString("name"u8, call.Name);
            _json.WriteString(isFreeForm ? "input"u8 : "arguments"u8, isFreeForm ? call.Arguments
                : call.IsFreeForm ? FreeForm.ToArguments(call.Arguments)
                : call.Arguments.Length > 0 ? call.Arguments : "{}");
            _json.WriteEndObject();
            _json.WriteEndObject();
        }

        _json.WriteEndArray();
    }

    // Signed thoughts go back to who signed them; plain ones only to models that ask for those of the loop under way.
    private void WriteReasoning(ChatTurn turn, bool isUnderWay)
    {
        var thoughts = turn.Parts.OfType<ReasoningPart>().ToList();
        var own = thoughts.FindAll(part => part.Opaque?.IsFor(Dialect.Chat, run.Model.Name) == true
            && IsDetail(part.Opaque.Data));
        if (own.Count > 0)
        {
            _json.WriteStartArray("reasoning_details"u8);
            own.ForEach(WriteDetail);
            _json.WriteEndArray();
            return;
        }

        var text = string.Join("\n\n", thoughts.Select(part => part.Text).Where(text => text.Length > 0));
        if (run.Facts.WantsReasoningAlways || (run.Facts.WantsReasoningContent && isUnderWay && text.Length > 0))
        {
            _json.WriteString("reasoning_content"u8, text);
        }
    }

    // A carrier comes from the caller: it may hold anything.
    private static bool IsDetail(string data)
    {
        try
        {
            using var detail = JsonDocument.Parse(data);
            return detail.RootElement.ValueKind == JsonValueKind.Object
                && JsonText.HasWholePairs(Encoding.UTF8.GetBytes(data));
        }
        catch (JsonException)
        {
            return false;
        }
    }

    // In a stream the text of a signed thought came in details of its own.
    private void WriteDetail(ReasoningPart part)
    {
        using var detail = JsonDocument.Parse(part.Opaque!.Data);
        var root = detail.RootElement;
        if (part.Text.Length == 0 || root.Text("type") != "reasoning.text" || root.Text("text") is { Length: > 0 })
        {
            _json.WriteAsItIs(root);
            return;
        }

        _json.WriteStartObject();
        _json.WriteString("text"u8, part.Text);
        foreach (var member in root.EnumerateObject().Where(member => !member.NameEquals("text"u8)))
        {
            member.WriteTo(_json);
        }

        _json.WriteEndObject();
    }
}
