using System.Buffers;
using System.Globalization;
using System.Text;
using TokenHub.Core.Snapshots;
using TokenHub.Protocols.Json;

namespace TokenHub.Protocols.Errors;

/// <summary>Writes an error in the shape of the dialect called, as a body or into a stream already begun.</summary>
public static class ErrorBody
{
    public const string ContentType = "application/json";

    /// <summary>The whole body of an error answer.</summary>
    public static void Write(Dialect dialect, IBufferWriter<byte> writer, in ApiError error)
    {
        switch (dialect)
        {
            case Dialect.Anthropic:
                WriteAnthropic(writer, error);
                break;
            case Dialect.Gemini:
                WriteGemini(writer, error);
                break;
            default:
                writer.Write("{\"error\":"u8);
                WriteOpenAi(writer, error);
                writer.Write("}"u8);
                break;
        }
    }

    /// <summary>
    /// The error as the last thing of a stream. <paramref name="closesEvent"/> ends an event that the upstream left
    /// unfinished first; <paramref name="answerId"/> and <paramref name="sequence"/> are for Responses.
    /// </summary>
    public static void WriteStreamEvent(
        Dialect dialect,
        IBufferWriter<byte> writer,
        in ApiError error,
        bool closesEvent = false,
        string answerId = "",
        long sequence = 0)
    {
        if (closesEvent)
        {
            writer.Write("\n\n"u8);
        }

        switch (dialect)
        {
            case Dialect.Chat:
                writer.Write("data: "u8);
                Write(dialect, writer, error);
                writer.Write("\n\n"u8);
                break;
            case Dialect.Responses:
                WriteResponsesEvents(writer, error, answerId, sequence);
                break;
            case Dialect.Anthropic:
                writer.Write("event: error\ndata: "u8);
                WriteAnthropic(writer, error);
                writer.Write("\n\n"u8);
                break;
            default:
                // Google's client knows an error only as a bare document that comes in a piece of its own.
                WriteGemini(writer, error);
                break;
        }
    }

    private static void WriteOpenAi(IBufferWriter<byte> writer, in ApiError error)
    {
        var words = ErrorWords.Of(Dialect.Chat, error.Kind);
        writer.Write("{\"message\":"u8);
        WriteMessage(writer, error);
        writer.Write(",\"type\":"u8);
        JsonText.Write(writer, words.Type);
        writer.Write(",\"param\":"u8);
        WriteOrNull(writer, error.Param);
        writer.Write(",\"code\":"u8);
        WriteOrNull(writer, error.Code ?? words.Code);
        writer.Write("}"u8);
    }

    private static void WriteAnthropic(IBufferWriter<byte> writer, in ApiError error)
    {
        writer.Write("{\"type\":\"error\",\"error\":{\"type\":"u8);
        JsonText.Write(writer, ErrorWords.Of(Dialect.Anthropic, error.Kind).Type);
        writer.Write(",\"message\":"u8);
        WriteMessage(writer, error);
        writer.Write("},\"request_id\":"u8);
        JsonText.Write(writer, error.RequestId);
        writer.Write("}"u8);
    }

    private static void WriteGemini(IBufferWriter<byte> writer, in ApiError error)
    {
        writer.Write("{\"error\":{\"code\":"u8);
        WriteNumber(writer, error.Status);
        writer.Write(",\"message\":"u8);
        WriteMessage(writer, error);
        writer.Write(",\"status\":"u8);
        JsonText.Write(writer, ErrorWords.Of(Dialect.Gemini, error.Kind).Type);

        // A balance does not come back by waiting, so a billing refusal says nothing of it.
        if (error.RetryAfterMs > 0 && error.Kind != ErrorKind.InsufficientFunds)
        {
            writer.Write(",\"details\":[{\"@type\":\"type.googleapis.com/google.rpc.RetryInfo\",\"retryDelay\":"u8);
            var seconds = (error.RetryAfterMs + 999) / 1000;
            JsonText.Write(writer, seconds.ToString(CultureInfo.InvariantCulture) + "s");
            writer.Write("}]"u8);
        }

        writer.Write("}}"u8);
    }

    // The error event has the members of the published schema and those that OpenAI really sends.
    private static void WriteResponsesEvents(
        IBufferWriter<byte> writer, in ApiError error, string answerId, long sequence)
    {
        var words = ErrorWords.Of(Dialect.Responses, error.Kind);
        writer.Write("event: error\ndata: {\"type\":\"error\",\"sequence_number\":"u8);
        WriteNumber(writer, sequence);
        writer.Write(",\"code\":"u8);
        WriteOrNull(writer, error.Code ?? words.Code ?? words.Type);
        writer.Write(",\"message\":"u8);
        WriteMessage(writer, error);
        writer.Write(",\"param\":"u8);
        WriteOrNull(writer, error.Param);
        writer.Write(",\"error\":"u8);
        WriteOpenAi(writer, error);
        writer.Write("}\n\nevent: response.failed\ndata: {\"type\":\"response.failed\",\"sequence_number\":"u8);
        WriteNumber(writer, sequence + 1);
        writer.Write(",\"response\":{\"id\":"u8);
        JsonText.Write(writer, answerId.Length > 0 ? answerId : "resp_" + error.RequestId);
        writer.Write(",\"object\":\"response\",\"status\":\"failed\",\"error\":{\"code\":"u8);
        JsonText.Write(writer, FailedCode(error.Kind));
        writer.Write(",\"message\":"u8);
        WriteMessage(writer, error);
        writer.Write("},\"incomplete_details\":null,\"output\":[],\"usage\":null}}\n\n"u8);
    }

    // A closed list in the published schema.
    private static string FailedCode(ErrorKind kind) => kind switch
    {
        ErrorKind.RateLimit or ErrorKind.InsufficientFunds => "rate_limit_exceeded",
        // Not in the list, but what OpenAI sends, and what Codex compacts its history upon.
        ErrorKind.ContextTooLong => "context_length_exceeded",
        ErrorKind.InvalidRequest => "invalid_prompt",
        _ => "server_error",
    };

    private static void WriteMessage(IBufferWriter<byte> writer, in ApiError error) =>
        JsonText.Write(writer, SecretText.Redact(error.Message));

    private static void WriteOrNull(IBufferWriter<byte> writer, string? text)
    {
        if (text is null)
        {
            writer.Write("null"u8);
            return;
        }

        JsonText.Write(writer, text);
    }

    private static void WriteNumber(IBufferWriter<byte> writer, long number) =>
        writer.Write(Encoding.ASCII.GetBytes(number.ToString(CultureInfo.InvariantCulture)));
}
