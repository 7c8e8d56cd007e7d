using System.Buffers;
using System.Text.Json;
using TokenHub.Core.Snapshots;
using TokenHub.Protocols.Upstreams;

namespace TokenHub.ControlPlane.Channels;

/// <summary>
/// The smallest request that makes an upstream answer, in the protocol it is spoken to in: one word in, a few tokens
/// out.
/// </summary>
internal static class ProbeRequest
{
    private const int OutputTokens = 16;
    private const string Prompt = "Say OK.";

    public static byte[] Write(ChannelUpstream upstream, Dialect dialect, string model)
    {
        var body = Write(json =>
        {
            switch (dialect)
            {
                case Dialect.Responses:
                    WriteModel(json, model, "max_output_tokens");
                    json.WriteString("input", Prompt);
                    break;
                case Dialect.Anthropic:
                    WriteModel(json, model, "max_tokens");
                    WriteMessages(json);
                    break;
                case Dialect.Gemini:
                    WriteTurn(json, "contents", "parts");
                    break;
                case Dialect.Converse:
                    WriteTurn(json, "messages", "content");
                    json.WriteStartObject("inferenceConfig");
                    json.WriteNumber("maxTokens", OutputTokens);
                    json.WriteEndObject();
                    break;
                default:
                    // OpenAI's newer models refuse the older name, and what resembles it may not know the newer one.
                    WriteModel(
                        json, model,
                        upstream.Row.Provider is "openai" or "azure" ? "max_completion_tokens" : "max_tokens");
                    WriteMessages(json);
                    break;
            }
        });
        var form = upstream.Site.FormOf(dialect);
        if (form == BodyForm.Plain)
        {
            return body;
        }

        var changed = new ArrayBufferWriter<byte>(body.Length + 64);
        ClaudeBody.Write(form, UpstreamCall.Stream, body, betas: null, ownBetas: null, changed);
        return changed.WrittenSpan.ToArray();
    }

    private static void WriteModel(Utf8JsonWriter json, string model, string limitName)
    {
        json.WriteString("model", model);
        json.WriteNumber(limitName, OutputTokens);
        json.WriteBoolean("stream", true);
    }

    private static void WriteMessages(Utf8JsonWriter json)
    {
        json.WriteStartArray("messages");
        json.WriteStartObject();
        json.WriteString("role", "user");
        json.WriteString("content", Prompt);
        json.WriteEndObject();
        json.WriteEndArray();
    }

    private static void WriteTurn(Utf8JsonWriter json, string turns, string parts)
    {
        json.WriteStartArray(turns);
        json.WriteStartObject();
        json.WriteString("role", "user");
        json.WriteStartArray(parts);
        json.WriteStartObject();
        json.WriteString("text", Prompt);
        json.WriteEndObject();
        json.WriteEndArray();
        json.WriteEndObject();
        json.WriteEndArray();
    }

    private static byte[] Write(Action<Utf8JsonWriter> fields)
    {
        using var buffer = new MemoryStream();
        using (var json = new Utf8JsonWriter(buffer))
        {
            json.WriteStartObject();
            fields(json);
            json.WriteEndObject();
        }

        return buffer.ToArray();
    }
}
