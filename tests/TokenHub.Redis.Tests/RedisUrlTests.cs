namespace TokenHub.Redis.Tests;

public sealed class RedisUrlTests
{
    [Theory]
    [InlineData("redis://localhost", "localhost", 6379, "", "", 0, false)]
    [InlineData("redis://127.0.0.1:6380/3", "127.0.0.1", 6380, "", "", 3, false)]
    [InlineData("redis://h/", "h", 6379, "", "", 0, false)]
    [InlineData("REDISS://cache.example.com:6390", "cache.example.com", 6390, "", "", 0, true)]
    [InlineData("redis://:secret@h:1", "h", 1, "", "secret", 0, false)]
    [InlineData("redis://bob:secret@h", "h", 6379, "bob", "secret", 0, false)]
    [InlineData("redis://b%40b:s%3A%2F%20%25@h", "h", 6379, "b@b", "s:/ %", 0, false)]
    [InlineData("redis://bob:s/e@c#r?t@h:77/1", "h", 77, "bob", "s/e@c#r?t", 1, false)]
    [InlineData("redis://[::1]:6381/2", "::1", 6381, "", "", 2, false)]
    [InlineData("redis://[2001:db8::5]", "2001:db8::5", 6379, "", "", 0, false)]
    public void Url_is_read(string url, string host, int port, string user, string password, int database, bool usesTls)
    {
        var options = RedisOptions.Parse(url);

        Assert.Equal(
            (host, port, user, password, database, usesTls),
            (options.Host, options.Port, options.User, options.Password, options.Database, options.UsesTls));
    }

    [Fact]
    public void Url_may_name_a_file_of_authorities() =>
        Assert.Equal("/etc/ca.pem", RedisOptions.Parse("rediss://h?ca=%2Fetc/ca.pem").CaFile);

    [Theory]
    [InlineData("")]
    [InlineData("http://hunter2@h")]
    [InlineData("redis:hunter2")]
    [InlineData("redis://")]
    [InlineData("redis://u:hunter2@")]
    [InlineData("redis://u:hunter2@h:0")]
    [InlineData("redis://u:hunter2@h:65536")]
    [InlineData("redis://u:hunter2@h:x")]
    [InlineData("redis://u:hunter2@h:")]
    [InlineData("redis://u:hunter2@h:6379/x")]
    [InlineData("redis://u:hunter2@h:6379/-1")]
    [InlineData("redis://u:hunter2@h:6379/0/1")]
    [InlineData("redis://u:hunter2@h?tls=no")]
    [InlineData("redis://u:hunter2@h h")]
    [InlineData("redis://u:hunter2@[::1")]
    [InlineData("redis://u:hunter2@[h]")]
    [InlineData("redis://hunter2@h")]
    public void Bad_url_is_refused_without_repeating_any_of_it(string url)
    {
        Assert.False(RedisOptions.TryParse(url, out _, out var fault));
        var error = Assert.Throws<FormatException>(() => RedisOptions.Parse(url));

        Assert.NotEmpty(fault);
        Assert.DoesNotContain("hunter2", fault + error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("redis://a:1,b,[::1]:3", RedisMode.Auto, "a:1 b:6379 [::1]:3")]
    [InlineData("rediss://u:p@a,b?mode=cluster", RedisMode.Cluster, "a:6379 b:6379")]
    [InlineData("redis://a?mode=single", RedisMode.OneServer, "a:6379")]
    [InlineData("redis://:p@a,b:7/3?mode=sentinel&master=m", RedisMode.Sentinel, "a:26379 b:7")]
    public void Url_may_name_several_hosts_and_how_they_belong_together(string url, RedisMode mode, string hosts)
    {
        var options = RedisOptions.Parse(url);

        Assert.Equal((mode, hosts), (options.Mode, string.Join(' ', options.Hosts)));
    }

    [Fact]
    public void Url_of_sentinels_may_carry_their_own_login()
    {
        var options = RedisOptions.Parse(
            "redis://bob:pw@h?sentinel_password=a%26b%40c&sentinel_user=eve&mode=sentinel&master=my%20master&ca=/x");

        Assert.Equal(
            ("bob", "pw", "eve", "a&b@c", "my master", "/x"),
            (options.User, options.Password, options.SentinelUser, options.SentinelPassword, options.MasterName,
                options.CaFile));
        Assert.Equal("redis://***@h:26379/0?mode=sentinel&master=my%20master", options.ToString());
    }

    [Theory]
    [InlineData("redis://a,")]
    [InlineData("redis://,a")]
    [InlineData("redis://a,b:x")]
    [InlineData("redis://a,b c")]
    [InlineData("redis://a?mode=ring")]
    [InlineData("redis://a?mode=sentinel")]
    [InlineData("redis://a?master=m")]
    [InlineData("redis://a?sentinel_password=hunter2")]
    [InlineData("redis://a?mode=sentinel&master=m&sentinel_user=u")]
    [InlineData("redis://a,b?mode=single")]
    [InlineData("redis://a/1?mode=cluster")]
    [InlineData("redis://a?mode")]
    public void Hosts_and_modes_that_do_not_go_together_are_refused(string url)
    {
        Assert.False(RedisOptions.TryParse(url, out _, out var fault));
        Assert.DoesNotContain("hunter2", fault, StringComparison.Ordinal);
    }

    [Fact]
    public void Text_of_options_shows_no_password()
    {
        var options = RedisOptions.Parse("rediss://bob:hunter2@h:7/3");

        Assert.Equal("rediss://***@h:7/3", options.ToString());
        Assert.DoesNotContain("hunter2", $"{options with { Port = 8 }}", StringComparison.Ordinal);
    }
}
