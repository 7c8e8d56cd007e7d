using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using TokenHub.ControlPlane.Access;
using TokenHub.ControlPlane.Tests.Support;

namespace TokenHub.ControlPlane.Tests.Access;

public sealed class AccessTableTests(Servers servers)
{
    private IEnumerable<string> Routes => servers.Shared.Services.GetRequiredService<EndpointDataSource>()
        .Endpoints.OfType<RouteEndpoint>()
        .Select(endpoint => $"{AccessTable.MethodOf(endpoint)} {endpoint.RoutePattern.RawText}");

    [Fact]
    public void Every_route_has_a_row()
    {
        var rows = AccessTable.Rows.Select(row => row.Route).ToHashSet();

        Assert.Empty(Routes.Where(route => !rows.Contains(route)));
    }

    [Fact]
    public void Every_row_has_a_route()
    {
        var routes = Routes.ToHashSet();

        Assert.Empty(AccessTable.Rows.Select(row => row.Route).Where(route => !routes.Contains(route)));
    }

    [Fact]
    public void No_route_stands_twice()
    {
        Assert.Equal(Routes.Distinct().Order(), Routes.Order());
        Assert.Equal(AccessTable.Rows.Count, AccessTable.Rows.Select(row => row.Route).Distinct().Count());
    }

    [Fact]
    public void Only_sign_in_probes_and_the_description_are_open()
    {
        var open = AccessTable.Rows.Where(row => row.Door == Door.Open).Select(row => row.Route);

        Assert.Equal(
            [
                "GET /api/v1/openapi.json",
                "GET /healthz",
                "GET /readyz",
                "POST /api/v1/auth/login",
            ],
            open.Order(StringComparer.Ordinal));
    }

    [Fact]
    public void Auditors_change_nothing_but_their_own_session_and_password()
    {
        var changing = AccessTable.Rows
            .Where(row => row.Door == Door.Session && row.Method != "GET" && row.Auditor != Reach.None)
            .Select(row => row.Route);

        // A question about a call that is not made has a body, and changes nothing.
        Assert.Equal(
            ["POST /api/v1/auth/logout", "POST /api/v1/me/password", "POST /api/v1/routing/explain"], changing.Order());
    }

    [Fact]
    public void Members_never_reach_what_is_not_theirs()
    {
        Assert.Empty(AccessTable.Rows.Where(row => row.Member == Reach.All));
    }
}
