using System.Net;
using System.Text.Json;
using Dapper;
using Microsoft.Extensions.DependencyInjection;
using TokenHub.ControlPlane.Channels;
using TokenHub.ControlPlane.Publishing;
using TokenHub.ControlPlane.Tests.Support;
using TokenHub.Core.Snapshots;

namespace TokenHub.ControlPlane.Tests.Channels;

public sealed class UpstreamFieldTests(Servers servers)
{
    private const string Canary = "header-canary-0123";

    [Fact]
    public async Task Protocols_version_and_headers_are_kept_told_to_gateways_and_never_shown()
    {
        await using var plane = await Plane.StartAsync(servers);
        var made = (await plane.Admin.PostAsync("/api/v1/channels", Body("azure", new
        {
            apis = new[] { "chat", "messages" },
            api_version = "2024-10-21",
            headers = new Dictionary<string, string> { ["X-Own"] = Canary, ["x-title"] = "Hub" },
        }))).Expect(HttpStatusCode.Created);
        var path = $"/api/v1/channels/{made.Text("id")}";

        Assert.Equal("""["chat","messages"]""", made.Json.At("apis").GetRawText());
        Assert.Equal("2024-10-21", made.Text("api_version"));
        Assert.Equal("""["x-own","x-title"]""", made.Json.At("header_names").GetRawText());
        Assert.DoesNotContain(Canary, made.Content, StringComparison.Ordinal);
        Assert.DoesNotContain(Canary, await DumpAsync(plane), StringComparison.Ordinal);
        var entry = await EntryAsync(plane);
        Assert.Equal([ApiStyle.Chat, ApiStyle.Messages], entry.Apis);
        Assert.Equal("2024-10-21", entry.ApiVersion);
        Assert.Equal((Canary, "Hub"), await HeadersAsync(plane));

        // An empty value keeps the one that is stored, a name that is left out goes.
        var kept = (await plane.Admin.PatchAsync(path, new
        {
            headers = new Dictionary<string, string> { ["x-own"] = "", ["x-title"] = "New" },
            api_version = (string?)null,
        })).Expect(HttpStatusCode.OK);
        Assert.True(kept.Json.IsNull("api_version"));
        Assert.Equal((Canary, "New"), await HeadersAsync(plane));

        var renamed = (await plane.Admin.PatchAsync(path, new { name = "other" })).Expect(HttpStatusCode.OK);
        Assert.Equal("""["x-own","x-title"]""", renamed.Json.At("header_names").GetRawText());
        (await plane.Admin.PatchAsync(path, new { headers = new Dictionary<string, string>() })).Expect(HttpStatusCode.OK);
        Assert.Null((await EntryAsync(plane)).SealedHeaders);
    }

    [Fact]
    public async Task Stored_headers_do_not_follow_the_channel_to_another_host()
    {
        var made = await servers.Shared.Admin.PostAsync("/api/v1/channels", Body("openai_compatible", new
        {
            headers = new Dictionary<string, string> { ["x-own"] = Canary },
        }));
        var path = $"/api/v1/channels/{made.Text("id")}";
        var credential = new { type = "api_key", api_key = "new" };

        var moved = await servers.Shared.Admin.PatchAsync(path, new { base_url = "https://other.example.com", credential });
        var kept = await servers.Shared.Admin.PatchAsync(path, new
        {
            base_url = "https://other.example.com",
            credential,
            headers = new Dictionary<string, string> { ["x-own"] = "" },
        });
        var shown = await servers.Shared.Admin.PatchAsync(path, new
        {
            base_url = "https://other.example.com",
            credential,
            headers = new Dictionary<string, string> { ["x-own"] = "anew" },
        });

        Assert.Equal(["headers required"], moved.Errors);
        Assert.Equal(["headers required"], kept.Errors);
        shown.Expect(HttpStatusCode.OK);
    }

    [Theory]
    [InlineData("anthropic", """{"apis":["messages"]}""", "apis unfit_field")]
    [InlineData("azure", """{"api_version":"latest?"}""", "api_version bad_text")]
    [InlineData("vertex", """{"credential":{"type":"google_service_account","client_email":"a","private_key":"k"}}""", "credential.project_id required")]
    public async Task Field_that_does_not_fit_the_provider_is_refused(string provider, string more, string error)
    {
        var answer = await servers.Shared.Admin.PostAsync(
            "/api/v1/channels", Body(provider, JsonSerializer.Deserialize<JsonElement>(more)));

        answer.ExpectProblem(HttpStatusCode.BadRequest, "invalid_request");
        Assert.Equal([error], answer.Errors);
    }

    [Theory]
    [InlineData("vertex", """{"type":"google_service_account","client_email":"a","private_key":"k","project_id":"p","token_uri":"https://evil.example.com/token"}""", "credential.token_uri bad_url")]
    [InlineData("azure", """{"type":"entra","tenant_id":"t","client_id":"c","client_secret":"s","token_url":"https://evil.example.com/token"}""", "credential.token_url bad_url")]
    public async Task Signed_request_for_a_token_goes_to_its_issuer_alone(string provider, string credential, string error)
    {
        await using var strict = await Plane.StartAsync(servers, o => o with { AllowPrivateUpstreams = false });

        var answer = await strict.Admin.PostAsync(
            "/api/v1/channels", Body(provider, JsonSerializer.Deserialize<JsonElement>($$"""{"credential":{{credential}}}""")));

        Assert.Equal([error], answer.Errors);
    }

    private static Dictionary<string, object?> Body(string provider, object more)
    {
        var body = new Dictionary<string, object?>
        {
            ["name"] = "c",
            ["provider"] = provider,
            ["base_url"] = "https://api.example.com",
            ["credential"] = new { type = "api_key", api_key = "k" },
            ["models"] = new[] { "m" },
        };
        var fields = more is JsonElement element
            ? element.EnumerateObject().Select(m => KeyValuePair.Create(m.Name, (object?)m.Value))
            : more.GetType().GetProperties().Select(p => KeyValuePair.Create(p.Name, p.GetValue(more)));
        foreach (var (name, value) in fields)
        {
            body[name] = value;
        }

        return body;
    }

    private static async Task<ChannelEntry> EntryAsync(Plane plane) => Assert.Single((await plane.Services
        .GetRequiredService<SnapshotBuilder>().BuildAsync(TestContext.Current.CancellationToken)).Channels);

    private static async Task<(string, string)> HeadersAsync(Plane plane)
    {
        await using var connection = await plane.ConnectAsync();
        var row = await connection.QuerySingleAsync<ChannelRow>(
            "select id, owner_user_id, sealed_credential, sealed_headers from channels");
        var headers = new CredentialSeal(plane.Options).OpenHeaders(row);
        return (headers["x-own"], headers["x-title"]);
    }

    private static async Task<string> DumpAsync(Plane plane)
    {
        await using var connection = await plane.ConnectAsync();
        return string.Join('\n', await connection.QueryAsync<string>(
            "select c::text from channels c union all select a::text from audit_events a"));
    }
}
