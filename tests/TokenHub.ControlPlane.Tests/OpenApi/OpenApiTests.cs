using System.Net;
using System.Text.Json;
using TokenHub.ControlPlane.Access;
using TokenHub.ControlPlane.Tests.Support;
using TokenHub.Core.Routing;
using TokenHub.Core.Usage;
using TokenHub.TestKit;

namespace TokenHub.ControlPlane.Tests.OpenApi;

public sealed class OpenApiTests(Servers servers)
{
    [Fact]
    public async Task Committed_document_is_the_one_that_is_served()
    {
        var served = await servers.Shared.Anyone.GetAsync("/api/v1/openapi.json");
        var committed = await File.ReadAllTextAsync(
            Path.Combine(Repository.Root, "control-plane", "openapi.json"), TestContext.Current.CancellationToken);

        served.Expect(HttpStatusCode.OK);
        Assert.True(
            JsonElement.DeepEquals(served.Json, JsonSerializer.Deserialize<JsonElement>(committed)),
            "Build control-plane/TokenHub.ControlPlane and commit control-plane/openapi.json.");
    }

    [Fact]
    public async Task Every_route_of_the_api_is_described_with_name_answers_and_refusals()
    {
        var paths = (await servers.Shared.Anyone.GetAsync("/api/v1/openapi.json")).Json.GetProperty("paths");
        var names = new HashSet<string>();

        foreach (var row in AccessTable.Rows.Where(r => r.Door == Door.Session || EndsWith(r, "/login")))
        {
            var operation = paths.GetProperty(row.Pattern).GetProperty(row.Method.ToLowerInvariant());
            Assert.True(names.Add(operation.Str("operationId")!), row.Route);
            Assert.NotEmpty(operation.Str("summary")!);
            var answers = operation.GetProperty("responses").EnumerateObject().Select(r => r.Name).ToList();
            Assert.Contains(answers, status => status.StartsWith('2'));
            Assert.Contains("401", answers);
            var takesBody = row.Method is "POST" or "PUT" or "PATCH" && !HasNoBody(row);
            Assert.Equal(takesBody, operation.TryGetProperty("requestBody", out _));
        }

        Assert.Equal(names.Count, paths.EnumerateObject().Sum(path => path.Value.EnumerateObject().Count()));
    }

    [Fact]
    public async Task Money_and_times_are_strings_in_every_schema()
    {
        var schemas = (await servers.Shared.Anyone.GetAsync("/api/v1/openapi.json")).Json
            .GetProperty("components").GetProperty("schemas");

        Assert.Equal("string", schemas.GetProperty("Usd").Str("type"));
        Assert.Equal("string", schemas.GetProperty("PricePerMillion").Str("type"));
        Assert.Equal("string", Field(schemas, "KeyView", "created_at").Str("type"));
        Assert.Equal("integer", Field(schemas, "KeyView", "version").Str("type"));
        Assert.Equal(
            ["admin", "member", "auditor"],
            Field(schemas, "UserView", "role").GetProperty("enum").EnumerateArray().Select(value => value.GetString()));
    }

    public static TheoryData<string, string, string[]> Words => new()
    {
        { "RouteView", "policy", Enum.GetNames<RoutingPolicy>() },
        { "RouteView", "reason", Enum.GetNames<RouteReason>() },
        { "RouteExplanation", "policy", Enum.GetNames<RoutingPolicy>() },
        { "RouteExplanation", "reason", Enum.GetNames<RouteReason>() },
        { "AttemptView", "outcome", Enum.GetNames<Outcome>() },
    };

    [Theory, MemberData(nameof(Words))]
    public async Task Words_of_a_schema_are_those_that_can_come(string schema, string field, string[] names)
    {
        var schemas = (await servers.Shared.Anyone.GetAsync("/api/v1/openapi.json")).Json
            .GetProperty("components").GetProperty("schemas");

        Assert.Equal(
            names.Select(JsonNamingPolicy.SnakeCaseLower.ConvertName).Order(StringComparer.Ordinal),
            Field(schemas, schema, field).GetProperty("enum").EnumerateArray()
                .Select(value => value.GetString()).Order(StringComparer.Ordinal));
    }

    private static bool HasNoBody(AccessRow row) =>
        EndsWith(row, "/logout") || EndsWith(row, "/rotate") || EndsWith(row, "/upstream-models")
        || EndsWith(row, "/flush");

    private static bool EndsWith(AccessRow row, string end) => row.Pattern.EndsWith(end, StringComparison.Ordinal);

    private static JsonElement Field(JsonElement schemas, string schema, string field) =>
        schemas.GetProperty(schema).GetProperty("properties").GetProperty(field);
}
