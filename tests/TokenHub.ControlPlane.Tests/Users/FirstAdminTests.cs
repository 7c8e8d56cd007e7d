using System.Text.RegularExpressions;
using TokenHub.ControlPlane.Tests.Support;

namespace TokenHub.ControlPlane.Tests.Users;

public sealed partial class FirstAdminTests(Servers servers)
{
    [Fact]
    public async Task Generated_password_is_printed_once_and_works()
    {
        var database = await servers.Postgres.CreateDatabaseAsync();
        await using var first = await Plane.StartAsync(
            servers, options => options with { AdminPassword = null }, database: database);
        var match = FirstSignIn().Match(first.Output);

        Assert.True(match.Success, first.Output);
        Assert.Equal(Plane.AdminEmail, match.Groups[1].Value);
        await first.SignInAsync(match.Groups[1].Value, match.Groups[2].Value);

        await using var second = await Plane.StartAsync(
            servers, options => options with { AdminPassword = null }, database: database);
        Assert.Empty(second.Output);
        await second.SignInAsync(match.Groups[1].Value, match.Groups[2].Value);
    }

    [Fact]
    public void Given_password_is_not_printed()
    {
        Assert.Empty(servers.Shared.Output);
        Assert.NotNull(servers.Shared.Admin.Token);
    }

    [Fact]
    public async Task Control_planes_that_start_together_make_one_admin()
    {
        var database = await servers.Postgres.CreateDatabaseAsync();

        var planes = await Task.WhenAll(
            Enumerable.Range(0, 3).Select(_ => Plane.StartAsync(
                servers, options => options with { AdminPassword = null }, database: database)));

        Assert.Single(planes, plane => plane.Output.Length > 0);
        foreach (var plane in planes)
        {
            await plane.DisposeAsync();
        }
    }

    [GeneratedRegex("^first sign-in email=(\\S+) password=(\\S+)\n$")]
    private static partial Regex FirstSignIn();
}
