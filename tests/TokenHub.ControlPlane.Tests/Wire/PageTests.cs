using System.Net;
using TokenHub.ControlPlane.Tests.Support;

namespace TokenHub.ControlPlane.Tests.Wire;

public sealed class PageTests(Servers servers)
{
    [Fact]
    public async Task Pages_show_every_row_once_newest_first()
    {
        var person = await servers.Shared.PersonAsync();
        for (var i = 0; i < 7; i++)
        {
            (await person.Api.PostAsync("/api/v1/keys", new { name = $"key {i}" })).Expect(HttpStatusCode.Created);
        }

        var names = new List<string>();
        string? cursor = null;
        do
        {
            var page = await person.Api.GetAsync(
                "/api/v1/keys?limit=3" + (cursor is null ? "" : $"&cursor={cursor}"));
            names.AddRange(page.Data().Select(k => k.Str("name")!));
            cursor = page.Json.Str("next_cursor");
        }
        while (cursor is not null);

        Assert.Equal(["key 6", "key 5", "key 4", "key 3", "key 2", "key 1", "key 0"], names);
    }

    [Fact]
    public async Task Last_page_says_so_with_null()
    {
        var person = await servers.Shared.PersonAsync();

        var page = await person.Api.GetAsync("/api/v1/keys");

        Assert.Empty(page.Data());
        Assert.True(page.Json.IsNull("next_cursor"));
    }

    [Theory]
    [InlineData("limit=0")]
    [InlineData("limit=201")]
    [InlineData("limit=-1")]
    [InlineData("limit=1.0")]
    [InlineData("limit=")]
    [InlineData("limit=٣")]
    [InlineData("limit=1&limit=2")]
    [InlineData("cursor=")]
    [InlineData("cursor=!!!")]
    [InlineData("cursor=bm9wZQ")]
    [InlineData("cursor=LTE")]
    [InlineData("cursor=OTk5OTk5OTk5OTk5OTk5OTk5OTk")]
    public async Task Bad_page_is_refused(string query)
    {
        foreach (var list in new[] { "keys", "users", "channels", "prices", "ledger", "requests" })
        {
            var answer = await servers.Shared.Admin.GetAsync($"/api/v1/{list}?{query}");

            answer.ExpectProblem(HttpStatusCode.BadRequest, "invalid_request");
        }
    }
}
