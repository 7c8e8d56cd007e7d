using System.Net;
using TokenHub.ControlPlane.Access;
using TokenHub.ControlPlane.Tests.Support;

namespace TokenHub.ControlPlane.Tests.Access;

/// <summary>Calls every route as everybody and holds the answers against the table.</summary>
public sealed class RoleMatrixTests(Servers servers)
{
    public static TheoryData<string, string> Cases
    {
        get
        {
            var cases = new TheoryData<string, string>();
            foreach (var row in AccessTable.Rows)
            {
                foreach (var who in new[] { "nobody", "key", "plane", "member", "auditor", "admin" })
                {
                    cases.Add(row.Route, who);
                }
            }

            return cases;
        }
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public async Task Route_answers_each_caller_as_the_table_says(string route, string who)
    {
        var row = AccessTable.Rows.Single(r => r.Route == route);
        var cast = await Cast.OfAsync(servers.Shared);
        var answer = await CallAsync(row, cast.As(who), cast);

        switch (row.Door, who)
        {
            case (Door.Open, _):
                Assert.NotEqual(HttpStatusCode.Forbidden, answer.Status);
                Assert.NotEqual("unauthenticated", answer.Code);
                break;
            case (Door.Plane, "plane"):
                Assert.NotEqual(HttpStatusCode.Unauthorized, answer.Status);
                break;
            case (Door.Plane, _):
                Assert.Equal(HttpStatusCode.Unauthorized, answer.Status);
                break;
            case (_, "nobody" or "key" or "plane"):
                answer.ExpectProblem(HttpStatusCode.Unauthorized, "unauthenticated");
                break;
            default:
                AssertRole(row.Of(RoleNames.Parse(who)), answer);
                break;
        }
    }

    [Theory]
    [InlineData("GET", "/api/v1/keys/{key}")]
    [InlineData("PATCH", "/api/v1/keys/{key}")]
    [InlineData("DELETE", "/api/v1/keys/{key}")]
    [InlineData("POST", "/api/v1/keys/{key}/rotate")]
    [InlineData("GET", "/api/v1/channels/{channel}")]
    [InlineData("PATCH", "/api/v1/channels/{channel}")]
    [InlineData("DELETE", "/api/v1/channels/{channel}")]
    [InlineData("POST", "/api/v1/channels/{channel}/test")]
    [InlineData("POST", "/api/v1/channels/{channel}/affinity/flush")]
    [InlineData("GET", "/api/v1/prices/resolve?model=m&channel_id={channel}")]
    [InlineData("GET", "/api/v1/ledger?user_id={user}")]
    [InlineData("GET", "/api/v1/requests?user_id={user}")]
    public async Task What_belongs_to_another_member_answers_as_if_it_did_not_exist(string method, string path)
    {
        var cast = await Cast.OfAsync(servers.Shared);
        var other = await servers.Shared.PersonAsync();
        var concrete = path.Replace("{key}", cast.MemberKey).Replace("{channel}", cast.MemberChannel)
            .Replace("{user}", cast.Member.Id);

        var own = await cast.Member.Api.SendAsync(new HttpMethod(method), concrete, Cast.BodyFor(method, path));
        var foreign = await other.Api.SendAsync(new HttpMethod(method), concrete, Cast.BodyFor(method, path));

        Assert.True((int)own.Status is >= 200 and < 300, own.Content);
        foreign.ExpectProblem(HttpStatusCode.NotFound, "not_found");
        await Cast.ForgetAsync(servers.Shared);
    }

    private static void AssertRole(Reach reach, Answer answer)
    {
        if (reach == Reach.None)
        {
            answer.ExpectProblem(HttpStatusCode.Forbidden, "forbidden");
        }
        else
        {
            Assert.NotEqual(HttpStatusCode.Unauthorized, answer.Status);
            Assert.NotEqual(HttpStatusCode.Forbidden, answer.Status);
            Assert.True((int)answer.Status < 500, answer.Content);
        }
    }

    // Unknown ids and empty bodies: access is decided before either is looked at, and nothing is changed.
    private static async Task<Answer> CallAsync(AccessRow row, Api api, Cast cast)
    {
        var path = row.Pattern.Replace("{id}", "usr_999999999").Replace("{hash}", new string('0', 64));
        if (row.Pattern == "/api/v1/events")
        {
            path += "?topics=none";
        }

        if (row.Pattern == "/api/v1/auth/logout" && api.Token is { } token && token.StartsWith("th-ses-"))
        {
            api = await cast.SecondSessionAsync(api);
        }

        return await api.SendAsync(new HttpMethod(row.Method), path, row.Method == "GET" ? null : "{");
    }
}
