using System.Net;
using Dapper;
using TokenHub.ControlPlane.Tests.Support;
using TokenHub.Core.Keys;

namespace TokenHub.ControlPlane.Tests.Keys;

public sealed class KeyTests(Servers servers)
{
    private const string Path = "/api/v1/keys";

    [Fact]
    public async Task Secret_is_shown_once_and_has_the_shape_of_a_key()
    {
        var person = await servers.Shared.PersonAsync();

        var made = await person.Api.PostAsync(Path, new { name = "laptop" });
        var read = await person.Api.GetAsync(made.Header("Location")!);
        var list = await person.Api.GetAsync(Path);

        var secret = made.Expect(HttpStatusCode.Created).Text("secret");
        Assert.Matches("^sk-hub-[0-9A-Za-z]{48,}$", secret);
        Assert.True(HubKey.IsWellFormed(System.Text.Encoding.ASCII.GetBytes(secret)));
        Assert.Equal(secret[..HubKey.ShownLength], read.Text("shown"));
        Assert.DoesNotContain(secret, read.Content + list.Content, StringComparison.Ordinal);
        Assert.Equal(person.Id, read.Text("user_id"));
    }

    [Fact]
    public async Task Secret_is_nowhere_in_the_database()
    {
        var made = await servers.Shared.Admin.PostAsync(Path, new { name = "secret" });
        var secret = made.Text("secret");

        await using var connection = await servers.Shared.ConnectAsync();
        var rows = await connection.QueryAsync<string>(
            """
            select k::text from api_keys k
            union all select a::text from audit_events a
            union all select p::text from pending_changes p
            """);

        Assert.DoesNotContain(rows, row => row.Contains(secret, StringComparison.Ordinal));
    }

    [Fact]
    public async Task All_limits_come_back_as_they_were_set()
    {
        var channel = (await Cast()).Text("id");
        var body = new
        {
            name = "limited",
            models = new[] { "gpt-*", "claude-3" },
            channels = new[] { channel },
            expires_at = "2040-05-06T07:08:09+02:00",
            spend_limit = "12.5",
            rpm = 60,
            tpm = 100_000,
            max_concurrency = 4,
            ip_allow = new[] { "10.0.0.0/8", "2001:db8::1", "192.168.1.7" },
            unsupported = "error",
        };

        var made = (await servers.Shared.Admin.PostAsync(Path, body)).Expect(HttpStatusCode.Created).Json;

        Assert.Equal("[\"gpt-*\",\"claude-3\"]", made.GetProperty("models").GetRawText());
        Assert.Equal($"[\"{channel}\"]", made.GetProperty("channels").GetRawText());
        Assert.Equal("2040-05-06T05:08:09Z", made.Str("expires_at"));
        Assert.Equal("12.50000000", made.Str("spend_limit"));
        Assert.Equal("0.00000000", made.Str("spent"));
        Assert.Equal((60, 100_000, 4), (made.Int("rpm"), made.Int("tpm"), made.Int("max_concurrency")));
        Assert.Equal("[\"10.0.0.0/8\",\"2001:db8::1\",\"192.168.1.7\"]", made.GetProperty("ip_allow").GetRawText());
        Assert.Equal("error", made.Str("unsupported"));
    }

    [Theory]
    [InlineData("""{"name":""}""", "name empty")]
    [InlineData("""{"name":"a","models":["gpt 4"]}""", "models[0] bad_model")]
    [InlineData("""{"name":"a","models":["a","b\u0000"]}""", "models[1] bad_model")]
    [InlineData("""{"name":"a","channels":["chn_999999"]}""", "channels unknown_channel")]
    [InlineData("""{"name":"a","channels":["key_1"]}""", "channels[0] bad_id")]
    [InlineData("""{"name":"a","expires_at":"2001-01-01T00:00:00Z"}""", "expires_at out_of_range")]
    [InlineData("""{"name":"a","expires_at":"9999-12-31T23:59:59Z"}""", "expires_at out_of_range")]
    [InlineData("""{"name":"a","rpm":0}""", "rpm out_of_range")]
    [InlineData("""{"name":"a","tpm":-5}""", "tpm out_of_range")]
    [InlineData("""{"name":"a","max_concurrency":100001}""", "max_concurrency out_of_range")]
    [InlineData("""{"name":"a","ip_allow":["10.0.0.1/8"]}""", "ip_allow[0] bad_address")]
    [InlineData("""{"name":"a","ip_allow":["127.1"]}""", "ip_allow[0] bad_address")]
    [InlineData("""{"name":"a","ip_allow":["0177.0.0.1"]}""", "ip_allow[0] bad_address")]
    [InlineData("""{"name":"a","ip_allow":["fe80::1%eth0"]}""", "ip_allow[0] bad_address")]
    [InlineData("""{"name":"a","ip_allow":["example.com"]}""", "ip_allow[0] bad_address")]
    [InlineData("""{"name":"a","unsupported":"ignore"}""", "unsupported unknown_value")]
    [InlineData("""{"name":"a","user_id":"1001"}""", "user_id bad_id")]
    [InlineData("""{"name":"a","user_id":"usr_999999"}""", "user_id unknown_user")]
    public async Task Bad_key_is_refused(string body, string error)
    {
        var answer = await servers.Shared.Admin.SendAsync(HttpMethod.Post, Path, body);

        answer.ExpectProblem(HttpStatusCode.BadRequest, "invalid_request");
        Assert.Equal([error], answer.Errors);
    }

    [Fact]
    public async Task Only_an_admin_makes_keys_for_others()
    {
        var person = await servers.Shared.PersonAsync();
        var other = await servers.Shared.PersonAsync();

        (await person.Api.PostAsync(Path, new { name = "theirs", user_id = other.Id }))
            .ExpectProblem(HttpStatusCode.Forbidden, "forbidden");
        (await person.Api.PostAsync(Path, new { name = "own", user_id = person.Id })).Expect(HttpStatusCode.Created);
        var made = await servers.Shared.Admin.PostAsync(Path, new { name = "for them", user_id = other.Id });
        Assert.Equal(other.Id, made.Text("user_id"));
        (await other.Api.GetAsync($"{Path}/{made.Text("id")}")).Expect(HttpStatusCode.OK);
    }

    [Fact]
    public async Task Patch_changes_what_is_sent_and_clears_what_is_null()
    {
        var made = await servers.Shared.Admin.PostAsync(
            Path, new { name = "a", rpm = 5, spend_limit = "3", models = new[] { "m" } });
        var path = $"{Path}/{made.Text("id")}";

        var renamed = (await servers.Shared.Admin.PatchAsync(path, new { name = "b" })).Json;
        var cleared = (await servers.Shared.Admin.SendAsync(
            HttpMethod.Patch, path, """{"rpm":null,"spend_limit":null,"models":[]}""")).Json;

        Assert.Equal(("b", 5, "3.00000000"), (renamed.Str("name"), renamed.Int("rpm"), renamed.Str("spend_limit")));
        Assert.True(cleared.IsNull("rpm"));
        Assert.True(cleared.IsNull("spend_limit"));
        Assert.Equal(0, cleared.GetProperty("models").GetArrayLength());
        Assert.Equal("b", cleared.Str("name"));
    }

    [Theory]
    [InlineData("""{"enabled":false}""", "disabled")]
    [InlineData("""{"status":"disabled"}""", "disabled")]
    [InlineData("""{"enabled":false,"status":"disabled"}""", "disabled")]
    [InlineData("""{"enabled":true}""", "active")]
    public async Task Key_is_switched_by_status_or_enabled(string body, string status)
    {
        var made = await servers.Shared.Admin.PostAsync(Path, new { name = "a" });

        var answer = await servers.Shared.Admin.SendAsync(HttpMethod.Patch, $"{Path}/{made.Text("id")}", body);

        Assert.Equal(status, answer.Expect(HttpStatusCode.OK).Text("status"));
        Assert.Equal(status == "active", answer.Json.Bool("enabled"));
    }

    [Theory]
    [InlineData("""{"enabled":false,"status":"active"}""")]
    [InlineData("""{"status":"deleted"}""")]
    [InlineData("""{"status":null}""")]
    [InlineData("""{"name":null}""")]
    [InlineData("""{"user_id":"usr_1001"}""")]
    [InlineData("""{"secret":"sk-hub-x"}""")]
    [InlineData("""{"spent":"0"}""")]
    public async Task Bad_change_is_refused(string body)
    {
        var made = await servers.Shared.Admin.PostAsync(Path, new { name = "a" });

        (await servers.Shared.Admin.SendAsync(HttpMethod.Patch, $"{Path}/{made.Text("id")}", body))
            .ExpectProblem(HttpStatusCode.BadRequest, "invalid_request");
    }

    [Fact]
    public async Task Deleted_key_stays_readable_and_nothing_else()
    {
        var person = await servers.Shared.PersonAsync();
        var path = $"{Path}/{(await person.Api.PostAsync(Path, new { name = "a" })).Text("id")}";

        (await person.Api.DeleteAsync(path)).Expect(HttpStatusCode.NoContent);
        (await person.Api.DeleteAsync(path)).Expect(HttpStatusCode.NoContent);

        Assert.Equal("deleted", (await person.Api.GetAsync(path)).Text("status"));
        (await person.Api.PatchAsync(path, new { name = "b" })).ExpectProblem(HttpStatusCode.Conflict, "conflict");
        (await person.Api.PostAsync(path + "/rotate")).ExpectProblem(HttpStatusCode.Conflict, "conflict");
        Assert.Empty((await person.Api.GetAsync(Path)).Data());
        Assert.Single((await person.Api.GetAsync(Path + "?status=deleted")).Data());
    }

    [Fact]
    public async Task Change_against_an_older_version_is_refused()
    {
        var made = await servers.Shared.Admin.PostAsync(Path, new { name = "a" });
        var path = $"{Path}/{made.Text("id")}";
        var tag = (await servers.Shared.Admin.GetAsync(path)).Header("ETag")!;

        (await servers.Shared.Admin.PatchAsync(path, new { name = "b" }, ("If-Match", tag))).Expect(HttpStatusCode.OK);
        (await servers.Shared.Admin.PatchAsync(path, new { name = "c" }, ("If-Match", tag)))
            .ExpectProblem(HttpStatusCode.PreconditionFailed, "version_mismatch");
        (await servers.Shared.Admin.PatchAsync(path, new { name = "c" }, ("If-Match", "junk")))
            .ExpectProblem(HttpStatusCode.PreconditionFailed, "version_mismatch");
    }

    private Task<Answer> Cast() => servers.Shared.Admin.PostAsync("/api/v1/channels", new
    {
        name = "for keys",
        provider = "openai",
        base_url = "https://api.example.com",
        credential = new { type = "api_key", api_key = "upstream-key" },
        models = new[] { "m" },
    });
}
