using System.Buffers;
using System.Text;
using System.Text.Json;
using TokenHub.Core.Snapshots;
using TokenHub.Protocols.Errors;
using TokenHub.Protocols.Streams;

namespace TokenHub.Protocols.Tests.Errors;

public sealed class ErrorBodyTests
{
    private static readonly Dialect[] Dialects =
        [Dialect.Chat, Dialect.Responses, Dialect.Anthropic, Dialect.Gemini];

    public static TheoryData<ErrorKind> Kinds => [.. Enum.GetValues<ErrorKind>()];

    private static string Body(Dialect dialect, in ApiError error)
    {
        var writer = new ArrayBufferWriter<byte>();
        ErrorBody.Write(dialect, writer, error);
        return Encoding.UTF8.GetString(writer.WrittenSpan);
    }

    private static string Event(Dialect dialect, in ApiError error)
    {
        var writer = new ArrayBufferWriter<byte>();
        ErrorBody.WriteStreamEvent(dialect, writer, error, answerId: "resp_7", sequence: 3);
        return Encoding.UTF8.GetString(writer.WrittenSpan);
    }

    [Fact]
    public void Bodies_have_the_shape_of_their_dialect()
    {
        ApiError Of(Dialect dialect) =>
            ApiError.Of(dialect, ErrorKind.RateLimit, "Wait \"a\" bit.", "req_1", "n", 1500);

        Assert.Equal(
            """{"error":{"message":"Wait \"a\" bit.","type":"rate_limit_error","""
            + "\"param\":\"n\",\"code\":\"rate_limit_exceeded\"}}",
            Body(Dialect.Chat, Of(Dialect.Chat)));
        Assert.Equal(Body(Dialect.Chat, Of(Dialect.Chat)), Body(Dialect.Responses, Of(Dialect.Responses)));
        Assert.Equal(
            """{"type":"error","error":{"type":"rate_limit_error","message":"Wait \"a\" bit."},"request_id":"req_1"}""",
            Body(Dialect.Anthropic, Of(Dialect.Anthropic)));
        Assert.Equal(
            """{"error":{"code":429,"message":"Wait \"a\" bit.","status":"RESOURCE_EXHAUSTED","""
            + "\"details\":[{\"@type\":\"type.googleapis.com/google.rpc.RetryInfo\",\"retryDelay\":\"2s\"}]}}",
            Body(Dialect.Gemini, Of(Dialect.Gemini)));
    }

    [Fact]
    public void Stream_forms_end_a_stream_in_its_dialect()
    {
        ApiError Of(Dialect dialect) => ApiError.Of(dialect, ErrorKind.Overloaded, "Full.", "req_1");

        Assert.Equal(
            "data: {\"error\":{\"message\":\"Full.\",\"type\":\"server_error\",\"param\":null,\"code\":\"server_is_o"
            + "verloaded\"}}\n\n",
            Event(Dialect.Chat, Of(Dialect.Chat)));
        Assert.Equal(
            "event: error\ndata: {\"type\":\"error\",\"error\":{\"type\":\"overloaded_error\",\"message\":\"Full.\"}"
            + ",\"request_id\":\"req_1\"}\n\n",
            Event(Dialect.Anthropic, Of(Dialect.Anthropic)));
        Assert.Equal(
            "{\"error\":{\"code\":503,\"message\":\"Full.\",\"status\":\"UNAVAILABLE\"}}",
            Event(Dialect.Gemini, Of(Dialect.Gemini)));
        Assert.StartsWith("event: error\ndata: {\"type\":\"error\",\"sequence_number\":3,",
            Event(Dialect.Responses, Of(Dialect.Responses)), StringComparison.Ordinal);
        Assert.Contains(
            "event: response.failed\ndata: {\"type\":\"response.failed\",\"sequence_number\":4,"
                + "\"response\":{\"id\":\"resp_7\"",
            Event(Dialect.Responses, Of(Dialect.Responses)), StringComparison.Ordinal);
    }

    [Theory, MemberData(nameof(Kinds))]
    public void Every_kind_is_read_back_as_an_error_in_every_dialect(ErrorKind kind)
    {
        foreach (var dialect in Dialects)
        {
            var error = ApiError.Of(dialect, kind, "What \u0001 é\n \"happened\" 😀.", "req_1");
            var words = ErrorWords.Of(dialect, kind);
            using var _ = JsonDocument.Parse(Body(dialect, error));
            foreach (var text in new[] { Body(dialect, error), Event(dialect, error) })
            {
                foreach (var pieces in new[] { Chunker.Single(Encoding.UTF8.GetBytes(text)) })
                {
                    var reader = AnswerReader.Create(dialect, isStream: true).Read(pieces);
                    Assert.True(reader.HasError);
                    Assert.False(reader.HasContent);
                    Assert.Equal(error.Message, reader.ErrorMessage);
                    Assert.Equal(words.Type, reader.ErrorType);
                }
            }
        }
    }

    [Fact]
    public void Event_closes_one_that_was_left_unfinished()
    {
        var writer = new ArrayBufferWriter<byte>();
        writer.Write("data: {\"choices\":[{\"delta\":{\"content\":\"a\"}}]}\n\ndata: {\"choi"u8);
        ErrorBody.WriteStreamEvent(
            Dialect.Chat, writer, ApiError.Of(Dialect.Chat, ErrorKind.BadGateway, "Cut.", "req_1"), closesEvent: true);

        var reader = AnswerReader.Create(Dialect.Chat, isStream: true).Read([writer.WrittenMemory]);

        Assert.Equal("Cut.", reader.ErrorMessage);
    }

    [Theory]
    [InlineData(Dialect.Chat, 429, "insufficient_quota")]
    [InlineData(Dialect.Responses, 429, "insufficient_quota")]
    [InlineData(Dialect.Anthropic, 402, "billing_error")]
    [InlineData(Dialect.Gemini, 429, "RESOURCE_EXHAUSTED")]
    public void Own_billing_refusal_has_its_own_status_and_no_hint_to_repeat(Dialect dialect, int status, string type)
    {
        var error = ApiError.Of(dialect, ErrorKind.InsufficientFunds, "No funds.", "req_1", retryAfterMs: 5000);

        Assert.Equal(status, error.Status);
        Assert.Contains($"\"{type}\"", Body(dialect, error), StringComparison.Ordinal);
        Assert.DoesNotContain("RetryInfo", Body(dialect, error), StringComparison.Ordinal);
        Assert.True(ErrorWords.ForbidsRetry(error.Kind));
        Assert.False(ErrorWords.ForbidsRetry(ErrorKind.RateLimit));
    }

    [Theory]
    [InlineData(ErrorKind.BadKey, 401, 401, 401)]
    [InlineData(ErrorKind.UnknownModel, 404, 404, 404)]
    [InlineData(ErrorKind.TooLarge, 413, 413, 413)]
    [InlineData(ErrorKind.RateLimit, 429, 429, 429)]
    [InlineData(ErrorKind.BadGateway, 502, 502, 502)]
    [InlineData(ErrorKind.Overloaded, 503, 529, 503)]
    [InlineData(ErrorKind.Timeout, 504, 504, 504)]
    public void Statuses_are_those_the_clients_know(ErrorKind kind, int openAi, int anthropic, int gemini)
    {
        Assert.Equal(openAi, ErrorWords.Of(Dialect.Chat, kind).Status);
        Assert.Equal(openAi, ErrorWords.Of(Dialect.Responses, kind).Status);
        Assert.Equal(anthropic, ErrorWords.Of(Dialect.Anthropic, kind).Status);
        Assert.Equal(gemini, ErrorWords.Of(Dialect.Gemini, kind).Status);
    }

    [Fact]
    public void Given_code_and_status_win_over_the_usual_ones()
    {
        var error = new ApiError(418, ErrorKind.InvalidRequest, "m", "req_1", Code: "unsupported_value");

        Assert.Contains("\"code\":\"unsupported_value\"", Body(Dialect.Chat, error), StringComparison.Ordinal);
        Assert.Contains("\"code\":418", Body(Dialect.Gemini, error), StringComparison.Ordinal);
    }
}
