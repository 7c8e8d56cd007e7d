using TokenHub.Gateway.Listening;
using Xunit;

namespace TokenHub.Gateway.Tests.Listening;

public sealed class EndpointTableTests
{
    public static TheoryData<string, int, string, string> Paths => new()
    {
        { "/v1/chat/completions", (int)Endpoint.ChatCompletions, "", "" },
        { "/v1/responses", (int)Endpoint.Responses, "", "" },
        { "/v1/messages", (int)Endpoint.Messages, "", "" },
        { "/v1/messages/count_tokens", (int)Endpoint.MessagesCountTokens, "", "" },
        { "/v1/images/generations", (int)Endpoint.Images, "", "" },
        { "/v1/images/edits", (int)Endpoint.ImageEdits, "", "" },
        { "/v1/images/variations", (int)Endpoint.ImageVariations, "", "" },
        { "/v1/audio/speech", (int)Endpoint.Speech, "", "" },
        { "/v1/audio/transcriptions", (int)Endpoint.Transcriptions, "", "" },
        { "/team-a/v1/audio/translations", (int)Endpoint.Translations, "", "team-a" },
        { "/v1/v1/messages", (int)Endpoint.Messages, "", "" },
        { "/v1/v1/models", (int)Endpoint.Models, "", "" },
        { "//v1/messages", (int)Endpoint.Messages, "", "" },
        { "/v1/models", (int)Endpoint.Models, "", "" },
        { "/v1/models/gpt-4o", (int)Endpoint.Model, "gpt-4o", "" },
        { "/v1/models/ft:gpt-4o:org", (int)Endpoint.Model, "ft:gpt-4o:org", "" },
        { "/v1beta/models", (int)Endpoint.GeminiModels, "", "" },
        { "/v1beta/models/gemini-3", (int)Endpoint.GeminiModel, "gemini-3", "" },
        { "/v1beta/models/gemini-3:generateContent", (int)Endpoint.GeminiGenerate, "gemini-3", "" },
        { "/v1beta/models/gemini-3:streamGenerateContent", (int)Endpoint.GeminiStream, "gemini-3", "" },
        { "/v1beta/models/gemini-3:countTokens", (int)Endpoint.GeminiCountTokens, "gemini-3", "" },
        { "/v1beta/models/gemini-3%3AgenerateContent", (int)Endpoint.GeminiGenerate, "gemini-3", "" },
        { "/v1/models/gemini-3:streamGenerateContent", (int)Endpoint.GeminiStream, "gemini-3", "" },
        { "/v1/v1beta/models/gemini-3:generateContent", (int)Endpoint.GeminiGenerate, "gemini-3", "" },
        { "/team-a/v1/messages", (int)Endpoint.Messages, "", "team-a" },
        { "/team-a/v1/v1/messages", (int)Endpoint.Messages, "", "team-a" },
        { "/team-a/v1beta/models/m:countTokens", (int)Endpoint.GeminiCountTokens, "m", "team-a" },
        { "/healthz", (int)Endpoint.Health, "", "" },
        { "/readyz", (int)Endpoint.Ready, "", "" },
        { "/metrics", (int)Endpoint.Metrics, "", "" },
    };

    [Theory]
    [MemberData(nameof(Paths))]
    public void Known_path_is_found(string path, int endpoint, string model, string group)
    {
        var match = EndpointTable.Find(path);

        Assert.Equal((Endpoint)endpoint, match.Endpoint);
        Assert.Equal(model, path[match.Model]);
        Assert.Equal(group, path[match.Group]);
    }

    [Theory]
    [InlineData("")]
    [InlineData("/")]
    [InlineData("//")]
    [InlineData("*")]
    [InlineData("/v1")]
    [InlineData("/v1/")]
    [InlineData("/V1/messages")]
    [InlineData("/v1/messages/")]
    [InlineData("/v1/Messages")]
    [InlineData("/v1/chat/completions/x")]
    [InlineData("/v1/models/")]
    [InlineData("/v1beta/models/")]
    [InlineData("/v1beta/models/:generateContent")]
    [InlineData("/api/hello")]
    [InlineData("/a/b/v1/messages")]
    [InlineData("/../v1/messages")]
    [InlineData("/te%61m/v1/messages")]
    [InlineData("/v1/v1/v1/messages")]
    public void Unknown_path_is_not_found(string path)
    {
        Assert.Equal(Endpoint.Unknown, EndpointTable.Find(path).Endpoint);
    }
}
