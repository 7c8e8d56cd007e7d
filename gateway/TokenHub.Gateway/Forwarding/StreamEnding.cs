using System.Buffers;
using System.Text.Json;
using TokenHub.Core.Snapshots;
using TokenHub.Core.Usage;
using TokenHub.Protocols.Streams;

namespace TokenHub.Gateway.Forwarding;

/// <summary>
/// Ends a stream where the money ends, in the dialect's own words for a limit reached, and says why beside them: no
/// dialect has a word of its own for an empty balance.
/// </summary>
internal static class StreamEnding
{
    private static ReadOnlySpan<byte> Reason => "insufficient_funds"u8;

    private static ReadOnlySpan<byte> Sentence => "The balance is used up: the answer ends here."u8;

    public static void Write(StreamPump.Run run, in TokenUsage usage)
    {
        var (exchange, reader, writer) = (run.Exchange, run.Tap.Reader, run.Writer);
        using var json = new Utf8JsonWriter(writer);
        switch (exchange.Dialect)
        {
            case Dialect.Chat:
                WriteChat(writer, json, reader, usage, exchange.Facts.N, exchange.Facts.IncludeUsage);
                break;
            case Dialect.Responses:
                WriteResponses(writer, json, reader, usage, run.LastSequence + 1);
                break;
            case Dialect.Anthropic:
                WriteAnthropic(writer, json, usage, run.OpenBlock);
                break;
            case Dialect.Gemini when exchange.IsArrayStream:
                writer.Write(run.Edge.HasPassed ? ",\r\n"u8 : "["u8);
                json.WriteStartObject();
                WriteGemini(json, reader, usage);
                json.WriteEndObject();
                json.Flush();
                writer.Write("\r\n]"u8);
                break;
            default:
                var used = usage;
                WriteEvent(writer, json, default, () => WriteGemini(json, reader, used));
                break;
        }
    }

    // A member that no client expects and every client may read.
    private static void WriteReason(Utf8JsonWriter json)
    {
        json.WriteStartObject("tokenhub"u8);
        json.WriteString("reason"u8, Reason);
        json.WriteString("message"u8, Sentence);
        json.WriteEndObject();
    }

    private static void WriteChat(
        IBufferWriter<byte> writer,
        Utf8JsonWriter json,
        AnswerReader reader,
        TokenUsage usage,
        int answers,
        bool wantsUsage)
    {
        WriteEvent(writer, json, default, () => WriteChatChunk(json, reader, Math.Max(1, answers), usage: null));
        if (wantsUsage)
        {
            WriteEvent(writer, json, default, () => WriteChatChunk(json, reader, answers: 0, usage));
        }

        writer.Write("data: [DONE]\n\n"u8);
    }

    private static void WriteChatChunk(Utf8JsonWriter json, AnswerReader reader, int answers, TokenUsage? usage)
    {
        json.WriteString("id"u8, reader.UpstreamId);
        json.WriteString("object"u8, "chat.completion.chunk"u8);
        json.WriteNumber("created"u8, 0);
        json.WriteString("model"u8, reader.Model);
        json.WriteStartArray("choices"u8);
        for (var i = 0; i < answers; i++)
        {
            json.WriteStartObject();
            json.WriteNumber("index"u8, i);
            json.WriteStartObject("delta"u8);
            json.WriteEndObject();
            json.WriteString("finish_reason"u8, "length"u8);
            json.WriteEndObject();
        }

        json.WriteEndArray();
        if (answers > 0)
        {
            WriteReason(json);
        }

        if (usage is { } used)
        {
            json.WriteStartObject("usage"u8);
            json.WriteNumber("prompt_tokens"u8, used.Input);
            json.WriteNumber("completion_tokens"u8, used.Output);
            json.WriteNumber("total_tokens"u8, used.Total);
            json.WriteStartObject("prompt_tokens_details"u8);
            json.WriteNumber("cached_tokens"u8, used.CacheRead);
            json.WriteEndObject();
            json.WriteStartObject("completion_tokens_details"u8);
            json.WriteNumber("reasoning_tokens"u8, used.Reasoning);
            json.WriteEndObject();
            json.WriteEndObject();
        }
    }

    private static void WriteResponses(
        IBufferWriter<byte> writer, Utf8JsonWriter json, AnswerReader reader, TokenUsage usage, long sequence) =>
        WriteEvent(writer, json, "response.incomplete"u8, () =>
        {
            json.WriteString("type"u8, "response.incomplete"u8);
            json.WriteNumber("sequence_number"u8, sequence);
            json.WriteStartObject("response"u8);
            json.WriteString("id"u8, reader.UpstreamId);
            json.WriteString("object"u8, "response"u8);
            json.WriteNumber("created_at"u8, 0);
            json.WriteString("status"u8, "incomplete"u8);
            json.WriteNull("error"u8);
            json.WriteStartObject("incomplete_details"u8);
            json.WriteString("reason"u8, "max_output_tokens"u8);
            json.WriteEndObject();
            json.WriteString("model"u8, reader.Model);
            json.WriteStartArray("output"u8);
            reader.WriteOutput(json);
            json.WriteEndArray();
            WriteResponsesUsage(json, usage);
            json.WriteEndObject();
            WriteReason(json);
        });

    private static void WriteResponsesUsage(Utf8JsonWriter json, in TokenUsage usage)
    {
        json.WriteStartObject("usage"u8);
        json.WriteNumber("input_tokens"u8, usage.Input);
        json.WriteStartObject("input_tokens_details"u8);
        json.WriteNumber("cached_tokens"u8, usage.CacheRead);
        json.WriteNumber("cache_write_tokens"u8, usage.CacheWrite);
        json.WriteEndObject();
        json.WriteNumber("output_tokens"u8, usage.Output);
        json.WriteStartObject("output_tokens_details"u8);
        json.WriteNumber("reasoning_tokens"u8, usage.Reasoning);
        json.WriteEndObject();
        json.WriteNumber("total_tokens"u8, usage.Total);
        json.WriteEndObject();
    }

    private static void WriteAnthropic(
        IBufferWriter<byte> writer, Utf8JsonWriter json, TokenUsage usage, int openBlock)
    {
        if (openBlock >= 0)
        {
            WriteEvent(writer, json, "content_block_stop"u8, () =>
            {
                json.WriteString("type"u8, "content_block_stop"u8);
                json.WriteNumber("index"u8, openBlock);
            });
        }

        WriteEvent(writer, json, "message_delta"u8, () =>
        {
            json.WriteString("type"u8, "message_delta"u8);
            json.WriteStartObject("delta"u8);
            json.WriteString("stop_reason"u8, "max_tokens"u8);
            json.WriteNull("stop_sequence"u8);
            json.WriteEndObject();
            json.WriteStartObject("usage"u8);
            json.WriteNumber("output_tokens"u8, usage.Output);
            json.WriteEndObject();
            WriteReason(json);
        });
        WriteEvent(writer, json, "message_stop"u8, () => json.WriteString("type"u8, "message_stop"u8));
    }

    private static void WriteGemini(Utf8JsonWriter json, AnswerReader reader, in TokenUsage usage)
    {
        json.WriteStartArray("candidates"u8);
        json.WriteStartObject();
        json.WriteStartObject("content"u8);
        json.WriteStartArray("parts"u8);
        json.WriteStartObject();
        json.WriteString("text"u8, ""u8);
        json.WriteEndObject();
        json.WriteEndArray();
        json.WriteString("role"u8, "model"u8);
        json.WriteEndObject();
        json.WriteString("finishReason"u8, "MAX_TOKENS"u8);
        json.WriteString("finishMessage"u8, Sentence);
        json.WriteNumber("index"u8, 0);
        json.WriteEndObject();
        json.WriteEndArray();
        json.WriteStartObject("usageMetadata"u8);
        json.WriteNumber("promptTokenCount"u8, usage.Input - usage.ToolUsePrompt);
        json.WriteNumber("candidatesTokenCount"u8, Math.Max(0, usage.Output - usage.Reasoning));
        json.WriteNumber("thoughtsTokenCount"u8, usage.Reasoning);
        json.WriteNumber("cachedContentTokenCount"u8, usage.CacheRead);
        json.WriteNumber("toolUsePromptTokenCount"u8, usage.ToolUsePrompt);
        json.WriteNumber("totalTokenCount"u8, usage.Total);
        json.WriteEndObject();
        json.WriteString("modelVersion"u8, reader.Model);
        json.WriteString("responseId"u8, reader.UpstreamId);
    }

    // Anthropic's and Responses' clients go by the event line; the others must not see one.
    private static void WriteEvent(
        IBufferWriter<byte> writer, Utf8JsonWriter json, ReadOnlySpan<byte> name, Action members)
    {
        if (!name.IsEmpty)
        {
            writer.Write("event: "u8);
            writer.Write(name);
            writer.Write("\n"u8);
        }

        writer.Write("data: "u8);
        json.Reset();
        json.WriteStartObject();
        members();
        json.WriteEndObject();
        json.Flush();
        writer.Write("\n\n"u8);
    }
}
