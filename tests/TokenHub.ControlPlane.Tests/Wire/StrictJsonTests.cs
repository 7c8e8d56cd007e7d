using System.Net;
using System.Text;
using TokenHub.ControlPlane.Tests.Support;
using TokenHub.ControlPlane.Wire;

namespace TokenHub.ControlPlane.Tests.Wire;

public sealed class StrictJsonTests(Servers servers)
{
    private const string Path = "/api/v1/keys";

    [Theory]
    [InlineData("")]
    [InlineData("   ")]
    [InlineData("{")]
    [InlineData("null")]
    [InlineData("[]")]
    [InlineData("\"text\"")]
    [InlineData("{\"name\":\"a\"} {}")]
    [InlineData("{\"name\":\"a\",}")]
    [InlineData("{'name':'a'}")]
    [InlineData("{\"name\":\"a\" /* comment */}")]
    [InlineData("\uFEFF{\"name\":\"a\"}")]
    [InlineData("{\"name\":\"a\",\"name\":\"b\"}")]
    [InlineData("{\"name\":\"a\",\"n\\u0061me\":\"b\"}")]
    [InlineData("{\"name\":\"a\",\"rpm\":NaN}")]
    [InlineData("{\"\\ud800\":1,\"name\":\"a\"}")]
    [InlineData("{\"name\":[[[[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]]]]}")]
    public async Task Body_that_is_not_one_plain_object_is_malformed(string body)
    {
        var answer = await servers.Shared.Admin.SendAsync(HttpMethod.Post, Path, Encoding.UTF8.GetBytes(body));

        answer.ExpectProblem(HttpStatusCode.BadRequest, "malformed_json");
    }

    [Fact]
    public async Task Body_of_invalid_utf8_is_malformed()
    {
        byte[] body = [.. "{\"name\":\""u8, 0xC3, 0x28, .. "\"}"u8];

        var answer = await servers.Shared.Admin.SendAsync(HttpMethod.Post, Path, body);

        answer.ExpectProblem(HttpStatusCode.BadRequest, "malformed_json");
    }

    [Theory]
    [InlineData("{}", "name required")]
    [InlineData("{\"name\":null}", "name null")]
    [InlineData("{\"name\":1}", "name wrong_type")]
    [InlineData("{\"name\":\"a\",\"rpm\":\"1\"}", "rpm wrong_type")]
    [InlineData("{\"name\":\"a\",\"rpm\":1.5}", "rpm wrong_type")]
    [InlineData("{\"name\":\"a\",\"rpm\":1e3}", "rpm wrong_type")]
    [InlineData("{\"name\":\"a\",\"rpm\":99999999999}", "rpm wrong_type")]
    [InlineData("{\"name\":\"a\",\"models\":\"m\"}", "models wrong_type")]
    [InlineData("{\"name\":\"a\",\"models\":[1]}", "models[0] wrong_type")]
    [InlineData("{\"name\":\"a\",\"models\":[null]}", "models[0] bad_model")]
    [InlineData("{\"name\":\"a\",\"expires_at\":\"2030-01-01\"}", "expires_at bad_time")]
    [InlineData("{\"name\":\"a\",\"expires_at\":\"2030-01-01T00:00:00\"}", "expires_at bad_time")]
    [InlineData("{\"name\":\"a\",\"expires_at\":1893456000}", "expires_at bad_time")]
    [InlineData("{\"name\":\"a\",\"Name\":\"b\"}", "Name unknown_field")]
    [InlineData("{\"name\":\"a\",\"spent\":\"0\"}", "spent unknown_field")]
    [InlineData("{\"name\":\"\\ud800\"}", "name bad_text")]
    [InlineData("{\"name\":\"a\\u0000b\"}", "name bad_text")]
    [InlineData("{\"name\":\"a\\u202eb\"}", "name bad_text")]
    public async Task Field_at_fault_is_named(string body, string expected)
    {
        var answer = await servers.Shared.Admin.SendAsync(HttpMethod.Post, Path, body);

        answer.ExpectProblem(HttpStatusCode.BadRequest, "invalid_request");
        Assert.Equal([expected], answer.Errors);
    }

    [Fact]
    public async Task All_faults_are_named_at_once()
    {
        const string Body = """{"rpm":"x","tpm":true,"role":"admin","balance":"5","owner":1}""";

        var answer = await servers.Shared.Admin.SendAsync(HttpMethod.Post, Path, Body);

        Assert.Equal(
            [
                "rpm wrong_type", "tpm wrong_type", "role unknown_field", "balance unknown_field",
                "owner unknown_field", "name required",
            ],
            answer.Errors);
    }

    [Fact]
    public async Task Fault_inside_a_nested_object_names_its_place()
    {
        const string Body = """
            {"name":"c","provider":"openai","base_url":"https://api.example.com","models":["m"],
             "credential":{"type":"api_key","api_key":7}}
            """;

        var answer = await servers.Shared.Admin.SendAsync(HttpMethod.Post, "/api/v1/channels", Body);

        Assert.Equal(["credential.api_key wrong_type"], answer.Errors);
    }

    [Fact]
    public async Task Unknown_field_of_a_nested_object_is_refused()
    {
        const string Body = """
            {"name":"c","provider":"openai","base_url":"https://api.example.com","models":["m"],
             "credential":{"type":"api_key","api_key":"k","owner":"usr_1"}}
            """;

        var answer = await servers.Shared.Admin.SendAsync(HttpMethod.Post, "/api/v1/channels", Body);

        answer.ExpectProblem(HttpStatusCode.BadRequest, "invalid_request");
        Assert.Contains("unknown_field", Assert.Single(answer.Errors), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Body_at_the_limit_is_read_and_one_byte_more_is_not()
    {
        const string Frame = """{"name":"a","unknown":""}""";
        var filler = new string('x', JsonBodyReader.BytesMax - Frame.Length);
        var atLimit = Frame.Insert(Frame.Length - 2, filler);

        var read = await servers.Shared.Admin.SendAsync(HttpMethod.Post, Path, atLimit);
        var refused = await servers.Shared.Admin.SendAsync(HttpMethod.Post, Path, atLimit + " ");

        Assert.Equal(["unknown unknown_field"], read.Errors);
        refused.ExpectProblem(HttpStatusCode.RequestEntityTooLarge, "body_too_large");
    }

    [Fact]
    public async Task Body_of_another_type_is_refused()
    {
        using var content = new StringContent("name=a", Encoding.UTF8, "application/x-www-form-urlencoded");
        using var request = new HttpRequestMessage(HttpMethod.Post, Path) { Content = content };
        request.Headers.Authorization = new("Bearer", servers.Shared.Admin.Token);

        // A connection of its own: one that was refused too long a body may be closing.
        using var http = new HttpClient { BaseAddress = servers.Shared.Http.BaseAddress };
        using var response = await http.SendAsync(request, TestContext.Current.CancellationToken);

        Assert.Equal(HttpStatusCode.UnsupportedMediaType, response.StatusCode);
        Assert.Equal("application/problem+json", response.Content.Headers.ContentType!.MediaType);
    }
}
