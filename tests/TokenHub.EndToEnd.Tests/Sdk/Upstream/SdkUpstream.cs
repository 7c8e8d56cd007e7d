using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using TokenHub.TestKit;

namespace TokenHub.EndToEnd.Tests.Sdk.Upstream;

/// <summary>
/// The provider behind the SDK tests: the model's name says what it does, as in <c>gpt-4o-chat-cut</c>.
/// </summary>
internal static partial class SdkUpstream
{
    public const string Key = "sk-upstream-of-the-sdk-tests-31c7";
    public const string RefusalMessage = "Unsupported value: 'temperature' does not support 7 with this model.";
    public const int RetryAfterSeconds = 7;
    public const int CountedTokens = 4321;

    /// <summary>Pieces of content before a stream is cut, or before it stops to wait for the client to leave.</summary>
    public const int PiecesBeforeCut = 3;

    /// <summary>A single token of o200k, so that what was served can be counted by counting pieces.</summary>
    public const string Word = " hello";

    public static ToolCall Tool { get; } = new(
        "call_A1b2-C3", "get_weather",
        """{"city":"Zürich \"Süd\" 東京","days":3,"nested":{"a":[1,2.5,null,true]}}""");

    public static IReadOnlyList<string> Deltas { get; } =
        ["Hello", " wörld,", " \"你好\"\n", "\\u0041 ", "👋🏽", " done."];

    public static Tokens Usage { get; } = new(Input: 3456, CacheRead: 400, Output: 67);

    public static string ModelOf(string surface, string script) =>
        surface == "claude" ? $"claude-{script}" : $"gpt-4o-{surface}-{script}";

    public static ScriptedUpstreamScript Play(ScriptedUpstreamRequest request)
    {
        var body = JsonNode.Parse(request.BodyText)!;
        var model = (string?)body["model"] ?? "";
        var name = Name().Match(model);
        IUpstreamDialect dialect = name.Groups["surface"].Value switch
        {
            "chat" => new ChatDialect(),
            "responses" => new ResponsesDialect(),
            _ => new AnthropicDialect(),
        };
        if (!name.Success || !IsAuthorized(request))
        {
            return Answer(401, dialect.Error(401, "The scripted upstream was called wrongly."));
        }

        if (request.Target.StartsWith("/v1/messages/count_tokens", StringComparison.Ordinal))
        {
            return Answer(200, new JsonObject { ["input_tokens"] = CountedTokens });
        }

        var turn = new Turn($"id_{request.Connection}", model, Deltas, null, Usage);
        return Play(name.Groups["script"].Value, dialect, body, turn);
    }

    private static ScriptedUpstreamScript Play(string script, IUpstreamDialect dialect, JsonNode body, Turn turn)
    {
        switch (script)
        {
            case "400":
                return Answer(400, dialect.Error(400, RefusalMessage));
            case "429":
                return Answer(429, dialect.Error(429, "Rate limit reached."), $"retry-after: {RetryAfterSeconds}");
            case "500":
                return Answer(500, dialect.Error(500, "The server had an error."));
            case "tool" when dialect.ToolResult(body) is { } result:
                turn = turn with { Deltas = ["The tool", $" said: {result}"] };
                break;
            case "tool":
                turn = turn with { Deltas = [], Tool = Tool };
                break;
            case "cut":
                return BeforeCut(dialect, turn, body).Reset();
            case "slow":
                return BeforeCut(dialect, turn, body).Hang();
        }

        return (bool?)body["stream"] == true
            ? dialect.Frames(turn, body).Aggregate(Head(), (play, frame) => play.Chunk(frame.Text)).EndChunks()
            : Answer(200, dialect.Answer(turn));
    }

    private static ScriptedUpstreamScript BeforeCut(IUpstreamDialect dialect, Turn turn, JsonNode body)
    {
        var served = 0;
        return dialect.Frames(turn with { Deltas = [.. Enumerable.Repeat(Word, 40)] }, body)
            .TakeWhile(frame => served < PiecesBeforeCut && (!frame.IsContent || ++served <= PiecesBeforeCut))
            .Aggregate(Head(), (play, frame) => play.Chunk(frame.Text));
    }

    // An SDK that calls without the product between sends its key to Anthropic as a bearer token as well.
    private static bool IsAuthorized(ScriptedUpstreamRequest request) =>
        request.Header("authorization") == $"Bearer {Key}"
        || (request.Header("x-api-key") == Key && request.Header("authorization") is null);

    private static ScriptedUpstreamScript Head() => ScriptedUpstreamScript.StreamHead("set-cookie: upstream=cookie");

    private static ScriptedUpstreamScript Answer(int status, JsonObject body, params string[] headers) =>
        ScriptedUpstreamScript.Answer(status, body.ToJsonString(), "application/json", headers);

    [GeneratedRegex("(?<surface>chat|responses|claude)-(?<script>[a-z0-9]+)$")]
    private static partial Regex Name();
}
