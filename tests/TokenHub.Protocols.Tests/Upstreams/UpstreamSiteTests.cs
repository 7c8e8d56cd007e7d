using System.Text;
using TokenHub.Core.Snapshots;
using TokenHub.Protocols.Upstreams;

namespace TokenHub.Protocols.Tests.Upstreams;

public sealed class UpstreamSiteTests
{
    [Theory]
    [InlineData(Provider.OpenAi, "", "gpt-5", "CRRR")]
    [InlineData(Provider.OpenAi, "chat", "gpt-5", "CCCC")]
    [InlineData(Provider.OpenAi, "responses", "gpt-5", "RRRR")]
    [InlineData(Provider.OpenAiCompatible, "", "llama", "CCCC")]
    [InlineData(Provider.OpenAiCompatible, "chat,responses", "llama", "CRCC")]
    [InlineData(Provider.OpenAiCompatible, "chat,messages", "llama", "CCAC")]
    [InlineData(Provider.OpenAiCompatible, "messages", "llama", "AAAA")]
    [InlineData(Provider.DeepSeek, "", "deepseek-chat", "CCCC")]
    [InlineData(Provider.DeepSeek, "chat,messages", "deepseek-chat", "CCAC")]
    [InlineData(Provider.Azure, "", "my-gpt", "CRRR")]
    [InlineData(Provider.Azure, "chat,responses,messages", "my-gpt", "CRRR")]
    [InlineData(Provider.Azure, "chat,responses,messages", "claude-opus-4-5", "AAAA")]
    [InlineData(Provider.Azure, "messages", "my-opus", "AAAA")]
    [InlineData(Provider.Anthropic, "", "claude-x", "AAAA")]
    [InlineData(Provider.Gemini, "", "gemini-x", "GGGG")]
    [InlineData(Provider.Bedrock, "", "us.anthropic.claude-sonnet-4-5-20250929-v1:0", "AAAA")]
    [InlineData(Provider.Bedrock, "", "amazon.nova-pro-v1:0", "VVVV")]
    [InlineData(Provider.Bedrock, "chat,responses,messages", "openai.gpt-oss-120b", "CRCC")]
    [InlineData(Provider.Bedrock, "chat,responses,messages", "anthropic.claude-opus-4-5", "AAAA")]
    [InlineData(Provider.Vertex, "", "claude-sonnet-4-5@20250929", "AAAA")]
    [InlineData(Provider.Vertex, "", "gemini-2.5-pro", "GGGG")]
    [InlineData(Provider.Vertex, "", "meta/llama-4-maverick", "CCCC")]
    public void Dialect_is_the_clients_own_where_it_is_offered_and_else_the_one_that_loses_least(
        Provider provider, string apis, string model, string expected)
    {
        var site = Site(provider, "https://h.example", apis);

        var chosen = new[] { Dialect.Chat, Dialect.Responses, Dialect.Anthropic, Dialect.Gemini }
            .Select(client => site.DialectFor(client, model) switch
            {
                Dialect.Chat => 'C',
                Dialect.Responses => 'R',
                Dialect.Anthropic => 'A',
                Dialect.Gemini => 'G',
                Dialect.Converse => 'V',
                _ => '-',
            });

        Assert.Equal(expected, string.Concat(chosen));
    }

    [Theory]
    [InlineData(Provider.DeepSeek, "https://api.deepseek.com", "", Dialect.Chat, "https://api.deepseek.com/v1/chat/completions")]
    [InlineData(Provider.DeepSeek, "https://api.deepseek.com/v1", "", Dialect.Anthropic, "https://api.deepseek.com/anthropic/v1/messages")]
    [InlineData(Provider.DeepSeek, "https://api.deepseek.com/anthropic", "", Dialect.Anthropic, "https://api.deepseek.com/anthropic/v1/messages")]
    [InlineData(Provider.OpenAiCompatible, "https://openrouter.ai/api/v1", "", Dialect.Anthropic, "https://openrouter.ai/api/v1/messages")]
    [InlineData(Provider.Azure, "https://r.openai.azure.com", "", Dialect.Chat, "https://r.openai.azure.com/openai/v1/chat/completions")]
    [InlineData(Provider.Azure, "https://r.openai.azure.com", "preview", Dialect.Responses, "https://r.openai.azure.com/openai/v1/responses?api-version=preview")]
    [InlineData(Provider.Azure, "https://r.openai.azure.com", "2024-10-21", Dialect.Chat, "https://r.openai.azure.com/openai/deployments/m/chat/completions?api-version=2024-10-21")]
    [InlineData(Provider.Azure, "https://r.openai.azure.com/openai/v1", "2025-03-01-preview", Dialect.Responses, "https://r.openai.azure.com/openai/responses?api-version=2025-03-01-preview")]
    [InlineData(Provider.Azure, "https://r.services.ai.azure.com", "", Dialect.Anthropic, "https://r.services.ai.azure.com/anthropic/v1/messages")]
    [InlineData(Provider.Azure, "https://r.services.ai.azure.com/anthropic", "", Dialect.Anthropic, "https://r.services.ai.azure.com/anthropic/v1/messages")]
    [InlineData(Provider.Bedrock, "https://bedrock-mantle.us-east-1.api.aws", "", Dialect.Responses, "https://bedrock-mantle.us-east-1.api.aws/openai/v1/responses")]
    [InlineData(Provider.Bedrock, "https://bedrock-mantle.us-east-1.api.aws", "", Dialect.Anthropic, "https://bedrock-mantle.us-east-1.api.aws/anthropic/v1/messages")]
    public void Address_follows_provider_version_and_dialect(
        Provider provider, string baseUrl, string version, Dialect dialect, string expected)
    {
        var site = Site(provider, baseUrl, "", version);

        Assert.Equal(expected, site.UrlOf(dialect, UpstreamCall.Whole, "m"));
    }

    [Theory]
    [InlineData("anthropic.claude-sonnet-4-5-20250929-v1:0", Dialect.Anthropic, UpstreamCall.Whole, "/model/anthropic.claude-sonnet-4-5-20250929-v1%3A0/invoke")]
    [InlineData("anthropic.claude-x", Dialect.Anthropic, UpstreamCall.Stream, "/model/anthropic.claude-x/invoke-with-response-stream")]
    [InlineData("amazon.nova-pro-v1:0", Dialect.Converse, UpstreamCall.Whole, "/model/amazon.nova-pro-v1%3A0/converse")]
    [InlineData("arn:aws:bedrock:us-east-1:1:inference-profile/x", Dialect.Converse, UpstreamCall.Stream, "/model/arn%3Aaws%3Abedrock%3Aus-east-1%3A1%3Ainference-profile%2Fx/converse-stream")]
    public void Bedrock_names_the_model_in_the_path_with_each_sign_escaped(
        string model, Dialect dialect, UpstreamCall call, string expected)
    {
        const string Base = "https://bedrock-runtime.eu-west-1.amazonaws.com";
        var site = Assert.IsType<BedrockSite>(Site(Provider.Bedrock, Base));

        Assert.Equal(Base + expected, site.UrlOf(dialect, call, model));
        Assert.Equal(Base + expected, new Uri(site.UrlOf(dialect, call, model)).AbsoluteUri);
        Assert.Equal(("eu-west-1", "bedrock"), (site.Region, site.Service));
    }

    [Theory]
    [InlineData("us.anthropic.claude-sonnet-4-5-20250929-v1:0", "claude-sonnet-4-5-20250929")]
    [InlineData("anthropic.claude-opus-4-6-v1", "claude-opus-4-6")]
    [InlineData("arn:aws:bedrock:eu-west-1:1:inference-profile/eu.anthropic.claude-haiku-4-5-v1:0", "claude-haiku-4-5")]
    [InlineData("amazon.nova-pro-v1:0", "nova-pro")]
    [InlineData("plain-vision", "plain-vision")]
    public void Makers_name_is_found_in_bedrocks(string model, string expected) =>
        Assert.Equal(expected, BedrockSite.MakersName(model).ToString());

    [Theory]
    [InlineData("https://aiplatform.googleapis.com", "us-central1", "https://us-central1-aiplatform.googleapis.com/v1/projects/p/locations/us-central1")]
    [InlineData("https://aiplatform.googleapis.com", "global", "https://aiplatform.googleapis.com/v1/projects/p/locations/global")]
    [InlineData("https://aiplatform.googleapis.com", "", "https://aiplatform.googleapis.com/v1/projects/p/locations/global")]
    [InlineData("https://aiplatform.googleapis.com", "eu", "https://aiplatform.eu.rep.googleapis.com/v1/projects/p/locations/eu")]
    [InlineData("https://aiplatform.googleapis.com", "us", "https://aiplatform.us.rep.googleapis.com/v1/projects/p/locations/us")]
    [InlineData("https://europe-west4-aiplatform.googleapis.com/v1beta1", "", "https://europe-west4-aiplatform.googleapis.com/v1beta1/projects/p/locations/europe-west4")]
    [InlineData("https://aiplatform.us.rep.googleapis.com", "", "https://aiplatform.us.rep.googleapis.com/v1/projects/p/locations/us")]
    [InlineData("https://h.example/v1/projects/q/locations/r", "", "https://h.example/v1/projects/q/locations/r")]
    public void Vertex_is_called_at_the_host_of_its_region(string baseUrl, string region, string root)
    {
        var secret = $$"""{"type":"google_service_account","project_id":"p","region":"{{region}}"}""";
        var site = Site(Provider.Vertex, baseUrl, "", null, "google_service_account", secret);

        Assert.Equal(
            $"{root}/publishers/google/models/gemini-x:streamGenerateContent?alt=sse",
            site.UrlOf(Dialect.Gemini, UpstreamCall.Stream, "gemini-x"));
        Assert.Equal(
            $"{root}/publishers/anthropic/models/claude-x@20250929:streamRawPredict",
            site.UrlOf(Dialect.Anthropic, UpstreamCall.Stream, "claude-x@20250929"));
        Assert.Equal(
            $"{root}/publishers/anthropic/models/count-tokens:rawPredict",
            site.UrlOf(Dialect.Anthropic, UpstreamCall.CountTokens, "claude-x"));
        Assert.Equal(
            $"{root}/endpoints/openapi/chat/completions", site.UrlOf(Dialect.Chat, UpstreamCall.Whole, "meta/llama"));
    }

    [Fact]
    public void Vertex_with_a_key_alone_is_express_mode()
    {
        var site = Site(Provider.Vertex, "https://aiplatform.googleapis.com");

        Assert.Equal(
            "https://aiplatform.googleapis.com/v1/publishers/google/models/gemini-x:generateContent",
            site.UrlOf(Dialect.Gemini, UpstreamCall.Whole, "gemini-x"));
    }

    [Theory]
    [InlineData(Provider.OpenAi, "https://api.openai.com", "", "https://api.openai.com/v1/embeddings")]
    [InlineData(Provider.Azure, "https://r.openai.azure.com", "2024-10-21", "https://r.openai.azure.com/openai/deployments/m/embeddings?api-version=2024-10-21")]
    [InlineData(Provider.Azure, "https://r.openai.azure.com", "", "https://r.openai.azure.com/openai/v1/embeddings")]
    [InlineData(Provider.Anthropic, "https://api.anthropic.com", "", null)]
    [InlineData(Provider.Bedrock, "https://bedrock-runtime.eu-west-1.amazonaws.com", "", null)]
    public void Path_that_is_passed_on_has_an_address_where_the_upstream_is_of_openais_kind(
        Provider provider, string baseUrl, string version, string? expected)
    {
        Assert.Equal(expected, Site(provider, baseUrl, "", version).UrlOfPath("/v1/embeddings", "m"));
    }

    [Theory]
    [InlineData("http-referer", true)]
    [InlineData("X-Title", true)]
    [InlineData("anthropic-beta", true)]
    [InlineData("Authorization", false)]
    [InlineData("x-api-key", false)]
    [InlineData("content-length", false)]
    [InlineData("Transfer-Encoding", false)]
    [InlineData("x-amz-date", false)]
    [InlineData("bad name", false)]
    [InlineData("bad:name", false)]
    [InlineData("", false)]
    public void Own_header_says_neither_who_calls_nor_where_a_message_ends(string name, bool isAllowed)
    {
        Assert.Equal(isAllowed, ExtraHeaderRules.IsName(name));
    }

    internal static UpstreamSite Site(
        Provider provider,
        string baseUrl,
        string apis = "",
        string? version = null,
        string type = "api_key",
        string secret = "k") => UpstreamSite.Of(
            new ChannelEntry
            {
                Id = 1,
                Name = "c",
                Provider = provider,
                BaseUrl = baseUrl,
                CredentialType = type,
                SealedCredential = "",
                Models = [],
                ApiVersion = version,
                Apis = [.. apis.Split(',', StringSplitOptions.RemoveEmptyEntries).Select(a => Enum.Parse<ApiStyle>(a, true))],
            },
            ChannelSecret.Read(type, Encoding.UTF8.GetBytes(secret)));
}
